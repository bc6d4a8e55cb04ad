import { z } from 'zod';
import { isBounded } from '../lib/text/bounded-json.ts';
import type { JsonValue } from '../lib/text/bounded-json.ts';
import { MAX_ID } from '../lib/ids/id-set.ts';
import { isPackageName } from '../lib/text/package-name.ts';
import { pathFault } from '../lib/text/plain-path.ts';
import { units } from '../metrics/catalogue.ts';
import { isSeriesKey } from '../metrics/labels.ts';
import { MOST_OF_A_PROCESS } from '../metrics/metrics.ts';

/** Raised when a message changes its meaning; both sides must have the same version. */
export const PROTOCOL_VERSION = 6;

/** Maximum size of a frame in bytes, on either side: a scenario with its maps is the largest message. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Maximum number of bytes before a connection has proved itself: the handshake takes some hundred. */
export const MAX_STRANGER_BYTES = 16 * 1024;

/** Limits of values that have no schema of their own: their depth, and their number. */
export const JSON_BOUNDS = { depth: 64, values: 1_000_000 };

/** Maximum depth of a complete message; the values in it have the limits above. */
export const MAX_NESTING = 100;

const count = z.number().int().min(0);
const ms = z.number().min(0).max(1e12);
const text = z.string().max(64 * 1024);
/** A name or a number for a human reader: no control characters, and nothing invisible. */
const plainText = (most: number): z.ZodString =>
  z
    .string()
    .max(most)
    .regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'has control characters');
/** Epoch milliseconds that `Date` can show. */
const epochMs = z.number().min(0).max(8.64e15);
const hex = z.string().regex(/^[0-9a-f]{8,64}$/);
const nodeName = z.string().regex(/^[A-Za-z0-9_.-]{1,100}(\/\d{1,4})?$/);
const id = z.number().int().min(1).max(MAX_ID);
const settingValue = z.union([z.string().max(64 * 1024), z.number(), z.boolean()]);
/** Values of settings. */
export const settings = z.record(z.string().max(100), settingValue);
/** Not `z.json()`, which recurses as deep as the values are nested. */
const json = z.custom<JsonValue>(
  (value) => value !== undefined && isBounded(value, JSON_BOUNDS),
  'is too deep or too large',
);

const idRange = z
  .object({ from: id, to: id, step: z.number().int().min(1).max(MAX_ID) })
  .refine(
    ({ from, to, step }) => from <= to && (to - from) % step === 0,
    'to - from must be a multiple of step',
  );

/** Ids on the wire; they are disjoint, which the code that expands them checks. */
export const idRanges = z.array(idRange).max(1_000_000);

const userCounts = z.object({
  starting: count,
  running: count,
  waiting: count,
  leaving: count,
  moving: count,
  finished: count,
  removed: count,
  crashed: count,
  moved: count,
});

const userState = userCounts.keyof();

/** A digest of the ids of users that are present. */
const digest = z.object({ count, sum: count });

/**
 * How many users of a process are in each state; `finished`, `removed`, `crashed` and `moved` are totals of
 * the run.
 */
export type UserCounts = z.infer<typeof userCounts>;

const load = z.object({
  /** Share of one core, 0 to 1 (more when helper threads work too). */
  cpu: z.number().min(0).max(1e6),
  /** Event-loop delay, p99 of the last second. */
  loopDelayMs: ms,
  rssBytes: count,
  /** Time spent in garbage collections since the previous reading, and the longest of them. */
  gcMs: ms.optional(),
  gcLongestMs: ms.optional(),
});

/** The resources that a process uses. */
export type NodeLoad = z.infer<typeof load>;

/** Name of a metric, with its labels. */
const series = z.string().max(1000).refine(isSeriesKey, 'is not the name of a metric');

/** A value of one report: far above what a counter accepts, and far below where a sum would overflow. */
const metricValue = z.number().min(-1e40).max(1e40);

/** Values by the names of their metrics; the number of entries is checked before the entries. */
const bySeries = <V extends z.ZodType>(value: V): z.ZodType<Record<string, z.infer<V>>> =>
  z
    .custom(
      (given) => typeof given !== 'object' || Object.keys(given ?? {}).length <= MOST_OF_A_PROCESS,
      'has more metrics than a process can have',
    )
    .pipe(z.record(series, value));

const delta = z.object({
  counters: bySeries(metricValue.min(0)),
  histograms: bySeries(z.string().max(256 * 1024)),
  gauges: bySeries(metricValue).optional(),
  units: z.record(z.string().max(100), z.enum(units)).optional(),
  recorded: z.number().min(0).optional(),
});

const errorCount = z.object({
  error: text,
  message: text,
  count,
  isStray: z.literal(true).optional(),
});

/** Relative to the scenario's folder: `my_scenario.js`, `lib/talk.js`. */
const filePath = z.string().refine((path) => pathFault(path) === undefined, 'not a plain path');

const moduleFile = z.object({ path: filePath.regex(/\.m?js$/), code: z.string() });

const dataFile = z.object({ path: filePath, text: z.string() });

const scenario = z.object({
  name: z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,99}$/),
  /** Hash over all files. */
  hash: z.string().regex(/^[0-9a-f]{16,64}$/),
  files: z.array(moduleFile).min(1).max(500),
  /** npm packages that the files import. */
  packages: z.array(z.string().refine(isPackageName, 'not the name of an npm package')).max(200),
  data: z.array(dataFile).max(500).optional(),
});

/** A compiled scenario as it travels: every file that it needs, except npm packages. */
export type ScenarioBundle = z.infer<typeof scenario>;

const variable = z.object({
  name: z.string(),
  description: text,
  update: z.boolean(),
  secret: z.boolean(),
});

/** The variables of a scenario, and amoc's own. */
export const variables = z.array(variable).max(1000);

const pace = z.object({
  /** Time between two starts in this process; 0: as fast as possible. */
  interarrivalMs: ms,
  paused: z.boolean(),
});

/** How fast a process starts its users. */
export type Pace = z.infer<typeof pace>;

const ended = z.object({
  finished: idRanges,
  crashed: idRanges,
  removed: idRanges,
  /** They must continue elsewhere. */
  moved: idRanges,
  /** Of these, the users that were assigned again since, and are present. */
  back: idRanges,
  /** The last `assign` that this process had applied by then. */
  revision: count,
});

const none = z.object({});
const runId = z.string().max(100);

/** Every request of the master, with its parameters and the slave's answer. */
export const requests = {
  /** Loads a scenario and resolves its settings; nothing runs yet. */
  prepare: {
    params: z.object({
      run: runId,
      scenario,
      seed: z.number(),
      file: z.record(z.string(), z.unknown()),
      environment: z.record(z.string(), z.string()),
      call: z.record(z.string(), z.unknown()),
      /** `call` was typed on a command line: a time without its unit is refused. */
      demandUnits: z.boolean().optional(),
    }),
    result: z.object({
      settings,
      variables,
      connectionsPerUser: z.number().min(0).max(10_000),
      thresholds: z.record(z.string().max(200), z.string().max(200)).optional(),
    }),
  },
  /** Runs the scenario's `setup`, on one process of the cluster. */
  setup: { params: z.object({ run: runId }), result: z.object({ value: json.optional() }) },
  /** Runs `init` in this process and makes it ready for users. */
  init: {
    params: z.object({
      run: runId,
      setup: json.optional(),
      pace,
      /** The revision of the last command so far: each later command counts one up. */
      revision: count,
    }),
    result: none,
  },
  assign: {
    params: z.object({
      run: runId,
      ids: idRanges,
      /** They were removed by force before: a user that is still here with such an id is the earlier one. */
      anew: z.boolean().optional(),
      /** Counts up per process: it tells which commands a report has taken into account. */
      revision: count,
      /** Wait before the first start, so that the processes of a machine take turns. */
      delayMs: ms,
      /** Replacements of lost users: all are started within this time, whatever the pace. */
      withinMs: ms.optional(),
      /** No user starts for that time: a restarted master does not know yet which users run elsewhere. */
      holdMs: ms.optional(),
    }),
    result: none,
  },
  withdraw: {
    params: z.object({ run: runId, ids: idRanges, force: z.boolean(), revision: count }),
    result: none,
  },
  /**
   * Lets users end their `start` here, for at most the setting `stopTimeout`; then they continue elsewhere.
   */
  move: { params: z.object({ run: runId, ids: idRanges, revision: count }), result: none },
  /**
   * All users that the process should have, whatever it has: it repairs the differences that a lost command,
   * a cut link or another master has left.
   */
  desire: {
    params: z.object({
      run: runId,
      revision: count,
      staying: idRanges,
      leaving: idRanges,
      /** The users of `move`. */
      moving: idRanges,
      /** Removals by force, the oldest first, that the master does not know to be complete. */
      gone: z.array(idRanges).max(100_000),
      /** The number of the last report that the master has taken in. */
      heard: count,
      pace,
      /** Missing users are started within this time. */
      withinMs: ms,
      /** As in `assign`. */
      holdMs: ms.optional(),
    }),
    result: none,
  },
  pace: { params: z.object({ run: runId, pace }), result: none },
  /** Checks (and, unless `check`, applies) changed settings. */
  update: {
    params: z.object({
      run: runId,
      change: z.record(z.string(), z.unknown()),
      check: z.boolean(),
    }),
    result: z.object({ settings }),
  },
  /**
   * Makes the process report at once; the answer follows the report. The figures are not in the answer
   * itself: an answer that came after its time-out would be lost, with what it counted.
   */
  report: { params: none, result: none },
  users: {
    params: z.object({
      state: z.enum(['starting', 'running', 'waiting', 'leaving', 'moving', 'crashed']).optional(),
      limit: count.max(100_000),
    }),
    result: z.object({
      users: z
        .array(z.object({ id, state: userState, repetitions: count, error: text.optional() }))
        .max(100_000),
      errors: z.array(errorCount).max(1000),
    }),
  },
  /**
   * Shows one user's stanzas in the log, or stops that; it toggles when `on` is left out. A user that is not
   * present is waited for with `waits`, and no longer waited for without it; the result says whether it is,
   * or was.
   */
  trace: {
    params: z.object({ id, on: z.boolean().optional(), waits: z.boolean() }),
    result: z.object({ found: z.boolean(), on: z.boolean(), waits: z.boolean() }),
  },
  /** Ends all users, then runs `terminate`. */
  finish: {
    params: z.object({ run: runId, force: z.boolean(), gentleMs: ms }),
    result: z.object({ forced: count }),
  },
  teardown: { params: z.object({ run: runId, setup: json.optional() }), result: none },
  /** Drops the run without telling the scenario. */
  discard: { params: z.object({ run: runId }), result: none },
  logLevel: { params: z.object({ level: text }), result: none },
  ping: { params: none, result: none },
} as const;

/** Name of a request. */
export type Operation = keyof typeof requests;
/** The parameters of a request. */
export type Params<O extends Operation> = z.infer<(typeof requests)[O]['params']>;
/** The answer to a request. */
export type Result<O extends Operation> = z.infer<(typeof requests)[O]['result']>;

const wireError = z.object({
  name: text,
  code: text.optional(),
  message: text,
  stack: text.optional(),
});

/** An error on its way to the other side. */
export type WireError = z.infer<typeof wireError>;

const logRecord = z.object({
  level: z.number().int().min(0).max(100),
  time: epochMs,
  msg: text.optional(),
  scenario: z.string().max(100).optional(),
  user: id.optional(),
  /** Direction of a traced stanza. */
  trace: z.enum(['in', 'out']).optional(),
  err: z.object({ type: text, message: text, stack: text }).optional(),
  /** How long the line waited for a connection to the master; left out for a line that was sent at once. */
  lateMs: ms.optional(),
  /** What a scenario gave in addition to the text. */
  fields: z
    .record(
      z.string().max(8192),
      z.custom<JsonValue>(
        (value) => isBounded(value, { depth: 16, values: 2000 }),
        'is too deep or too large',
      ),
    )
    .optional(),
});

/** One log line in pino's form, as a process sends it. */
export type ShippedRecord = z.infer<typeof logRecord>;

/**
 * A log line with the process that it came from: the master knows that process, the line does not name it.
 */
export type LogRecord = ShippedRecord & { node: string };

/** Reads a log line that is about to be sent; `undefined` when the schema does not accept it. */
export function readLogRecord(line: unknown): ShippedRecord | undefined {
  return logRecord.safeParse(line).data;
}

const stackFrame = z.object({ function: text, file: text, line: count, column: count });

/** A place in a scenario's source. */
export type StackFrame = z.infer<typeof stackFrame>;

const clockEstimate = z.object({
  roundTripMs: ms,
  /** The master's clock minus that of the process. */
  offsetMs: z.number(),
});

/** How far a process's clock is from the master's; right within half of the round trip. */
export type ClockEstimate = z.infer<typeof clockEstimate>;

/** Everything that a slave process sends after its welcome. */
export const slaveMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('reply'), id: count, result: z.unknown() }),
  z.object({ type: z.literal('failure'), id: count, error: wireError }),
  z.object({
    type: z.literal('report'),
    /** Counts up; reports that the master has not acknowledged are sent again over the next connection. */
    sequence: count,
    run: runId.optional(),
    /** Users that are present and were not asked to leave; once a second. */
    digest: digest.optional(),
    users: userCounts,
    load,
    delta,
    ended,
  }),
  z.object({ type: z.literal('logs'), records: z.array(logRecord).max(2000), dropped: count }),
  z.object({
    type: z.literal('blocked'),
    forMs: ms,
    frames: z.array(stackFrame).max(50),
  }),
  z.object({ type: z.literal('unblocked'), afterMs: ms }),
  /** The process is about to end, and waits until its users are elsewhere. */
  z.object({ type: z.literal('leaving') }),
  /** The process has stopped its users and ends now: they may run elsewhere at once. */
  z.object({ type: z.literal('gone'), reason: text }),
  z.object({
    type: z.literal('beat'),
    sequence: count,
    /** The best estimate so far, as in NTP (RFC 5905 §8). */
    clock: clockEstimate.optional(),
  }),
]);

/** A message from a slave process or its watchdog. */
export type SlaveMessage = z.infer<typeof slaveMessage>;

/** Everything that the master sends after its welcome. */
export const masterMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('request'),
    id: count,
    operation: z.enum(Object.keys(requests) as [Operation, ...Operation[]]),
    params: z.unknown(),
  }),
  /** Answers a beat: the lease of the process is renewed from the moment when it sent the beat. */
  z.object({
    type: z.literal('beat'),
    sequence: count,
    /** Epoch milliseconds of the master. */
    at: z.number(),
    /** The number of the last report that need not be sent again. */
    acked: count,
  }),
  /** To the watchdog: end the process. */
  z.object({ type: z.literal('kill') }),
]);

/** A message from the master. */
export type MasterMessage = z.infer<typeof masterMessage>;

const nonce = z.string().regex(/^[0-9a-f]{64}$/);

const refusals = ['EVICTED', 'NAME_TAKEN'] as const;

/** Why a process that knows the cookie may not join; also the code of the error there. */
export interface Refusal {
  code: (typeof refusals)[number];
  reason: string;
}

/** What a process says about itself when it joins. */
export const nodeInfo = z.object({
  name: nodeName,
  host: plainText(255),
  pid: count,
  version: plainText(50),
  node: plainText(50),
  openFiles: count.optional(),
  localPorts: count.optional(),
  /** Created for each process: it distinguishes a process that comes back from another one of its name. */
  identity: hex,
  /** The identity of the previous process of this name, when that is known to have ended. */
  replaces: hex.optional(),
  /** Why the previous process ended, as seen by the process that started it. */
  ended: plainText(200).optional(),
  /** SHA-256 of the key that the process's watchdog shows, which no one else has. */
  watchdog: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  labels: z.record(plainText(100), plainText(200)).optional(),
});

/** Facts about a joined process. */
export type NodeInfo = z.infer<typeof nodeInfo>;

/** The messages before trust: small, and the only ones that a stranger can send. */
export const handshakeMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('challenge'), version: z.number().int(), nonce }),
  z.object({
    type: z.literal('hello'),
    version: z.number().int(),
    role: z.enum(['slave', 'watchdog']),
    nonce,
    proof: nonce,
    info: nodeInfo,
    /** For a watchdog: the key that proves that it belongs to the process that it names. */
    key: nonce.optional(),
  }),
  z.object({ type: z.literal('welcome'), proof: nonce }),
  z.object({
    type: z.literal('refused'),
    reason: z.string().max(500),
    /**
     * From a master that knows the cookie, as in `welcome`; only such a refusal is final for the other side.
     */
    proof: nonce.optional(),
    why: z.enum(refusals).optional(),
  }),
]);

/** A message of the handshake. */
export type HandshakeMessage = z.infer<typeof handshakeMessage>;
