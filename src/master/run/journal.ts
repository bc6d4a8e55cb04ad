import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { AmocError, messageOf, systemCode } from '../../lib/errors.ts';
import { IdSet } from '../../lib/ids/id-set.ts';
import { sha256 } from '../../lib/ids/sha256.ts';
import {
  idRanges,
  json,
  nodeInfo,
  requests,
  settings,
  variables,
} from '../../protocol/messages.ts';
import type { NodeRegistry } from '../nodes/node-registry.ts';
import { UNPLACED } from '../users/owner-table.ts';
import { units } from '../../metrics/catalogue.ts';
import { DEFAULT_STRATEGY, nameOfStrategy } from '../../placement/placement.ts';
import type { Run } from './run.ts';

/** First line of a journal: what it is, its version, and the SHA-256 of the rest. */
const HEAD = /^amoc-journal 1 ([0-9a-f]{64})$/;

/** Writing takes at most this share of the master's time; writes for commands are not included. */
const MAX_SHARE = 0.05;

const count = z.number().int().min(0);

const nodeState = z.object({
  info: nodeInfo,
  number: count,
  revision: count,
  lastReport: count,
  staying: idRanges,
  leaving: idRanges,
  /** Those of `staying` that are about to move to another process. */
  moving: idRanges.optional(),
  forced: z.array(idRanges),
  unconfirmed: z.array(z.object({ revision: count, ids: idRanges })),
  drained: z.boolean().optional(),
});

/** A run as it is kept on disk. */
const runState = z.object({
  prepare: requests.prepare.params,
  setup: z.json().optional(),
  settings,
  variables,
  connectionsPerUser: z.number(),
  comment: z.string().optional(),
  placement: z.string(),
  nodes: z.array(z.string()).optional(),
  rate: z.number().optional(),
  firstId: count.optional(),
  thresholds: z.record(z.string(), z.string()).optional(),
  /** How the thresholds over a window have done. */
  windows: z
    .array(
      z.object({
        threshold: z.string(),
        judged: count,
        missed: count,
        worst: z.number().optional(),
        last: z.number().optional(),
      }),
    )
    .optional(),
  startedAt: z.number(),
  paused: z.boolean(),
  ended: z.object({ finished: count, removed: count, crashed: count, lost: count }),
  totals: z.object({
    counters: z.record(z.string(), z.number()),
    histograms: z.record(z.string(), z.string()),
    gauges: z.record(z.string(), z.number()).optional(),
    units: z.record(z.string(), z.enum(units)).optional(),
  }),
  processes: z.array(nodeState),
  homeless: idRanges,
  /** The highest id that was given out and not taken back. */
  top: count.optional(),
  /** What the features keep, by their names. */
  features: z.record(z.string(), json).optional(),
});

/** See {@link describeRun}. */
export type RunMemory = z.infer<typeof runState>;

/** Keeps a run on disk. */
export interface RunJournal {
  /** Whether it is time to save without a command. */
  readonly isDue: boolean;
  /** @returns whether it is on disk */
  save(state: () => unknown): boolean;
  clear(): void;
}

/** Everything that a master needs to resume a run. */
export function describeRun(run: Run, registry: NodeRegistry): RunMemory {
  const owners = run.owners.byOwner();
  const of = (number: number): { staying: IdSet; leaving: IdSet } =>
    owners.get(number) ?? { staying: IdSet.empty, leaving: IdSet.empty };
  return {
    prepare: run.prepare,
    ...(run.setup === undefined ? {} : { setup: run.setup }),
    settings: run.settings,
    variables: run.variables,
    connectionsPerUser: run.connectionsPerUser,
    ...(run.comment === undefined ? {} : { comment: run.comment }),
    placement: nameOfStrategy(run.placement) ?? DEFAULT_STRATEGY,
    ...(run.nodes === undefined ? {} : { nodes: [...run.nodes] }),
    ...(run.rate === undefined ? {} : { rate: run.rate }),
    firstId: run.firstId,
    thresholds: run.thresholds,
    ...(run.windowMemory.length === 0 ? {} : { windows: [...run.windowMemory] }),
    startedAt: run.startedAt,
    paused: run.paused,
    ended: { ...run.ended },
    totals: run.totals.export(),
    processes: registry
      .known()
      .filter((node) => node.isInRun)
      .map((node) => {
        const { staying, leaving } = of(node.number);
        const moving = run.ledger.movingOf(node.number);
        return {
          info: node.info,
          number: node.number,
          revision: node.revision,
          lastReport: node.lastReport,
          ...(node.state.role === 'ready' ? {} : { drained: true }),
          staying: [...staying.ranges],
          leaving: [...leaving.ranges],
          ...(moving.size > 0 ? { moving: [...moving.ranges] } : {}),
          forced: run.ledger.removalsOf(node.number).map((batch) => [...batch.ranges]),
          unconfirmed: node.unconfirmed.map(({ revision, ids }) => ({
            revision,
            ids: [...ids.ranges],
          })),
        };
      }),
    homeless: [...of(UNPLACED).staying.ranges],
    top: run.owners.top,
    ...(run.features === undefined ? {} : { features: run.features.save() }),
  };
}

/** Keeps a run in one file that is replaced atomically: it is always either the old or the new version. */
export class FileJournal implements RunJournal {
  readonly #path: string;
  readonly #onError: (text: string) => void;
  readonly #now: () => number;
  #nextAt = -Infinity;
  #hasFailed = false;

  constructor(path: string, onError: (text: string) => void, now = () => performance.now()) {
    this.#path = path;
    this.#onError = onError;
    this.#now = now;
  }

  /** Whether it is time for {@link save} without a command: large runs are written less often. */
  get isDue(): boolean {
    return this.#now() >= this.#nextAt;
  }

  /**
   * The run of the previous master, if there is one.
   *
   * @throws {AmocError} `FILE` when the journal is damaged; it is then renamed.
   */
  read(): RunMemory | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw new AmocError('FILE', `${this.#path} cannot be read: ${messageOf(error)}`);
    }
    try {
      return parseJournal(text);
    } catch (error) {
      const aside = `${this.#path}.damaged`;
      renameSync(this.#path, aside);
      throw new AmocError(
        'FILE',
        `the journal of the previous run is damaged (${messageOf(error)}) and was renamed to ${aside}; users that still run are stopped when their processes join`,
        { cause: error },
      );
    }
  }

  /** Writes the run and waits until it is on disk. A disk that fails is reported once; the run continues. */
  save(state: () => unknown): boolean {
    const began = this.#now();
    let isSaved = false;
    try {
      const body = JSON.stringify(state());
      const sum = sha256(body);
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      const next = `${this.#path}.next`;
      const file = openSync(next, 'w', 0o600);
      try {
        writeSync(file, `amoc-journal 1 ${sum}\n${body}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(next, this.#path);
      syncFolder(dirname(this.#path));
      this.#hasFailed = false;
      isSaved = true;
    } catch (error) {
      if (!this.#hasFailed) {
        this.#onError(
          `the run cannot be saved in ${this.#path} (${messageOf(error)}); it continues, but a restarted master could not resume it`,
        );
      }
      this.#hasFailed = true;
    }
    const took = this.#now() - began;
    this.#nextAt = this.#now() + took / MAX_SHARE;
    return isSaved;
  }

  clear(): void {
    rmSync(this.#path, { force: true });
  }
}

function parseJournal(text: string): RunMemory {
  const end = text.indexOf('\n');
  const head = HEAD.exec(text.slice(0, Math.max(0, end)));
  if (head === null) throw new Error('it does not begin like a journal');
  const body = text.slice(end + 1).trimEnd();
  const sum = sha256(body);
  if (sum !== head[1]) throw new Error('its checksum is wrong');
  return runState.parse(JSON.parse(body));
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
