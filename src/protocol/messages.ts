import { z } from 'zod';
import { MAX_ID } from '../lib/id-set.ts';

/** Raised when a message changes its meaning; both sides must have the same. */
export const PROTOCOL_VERSION = 1;

/** The longest frame either side accepts, in bytes: a scenario with its maps is the largest message. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

const count = z.number().int().min(0);
const ms = z.number().min(0).max(1e12);
const text = z.string().max(64 * 1024);
const nodeName = z.string().regex(/^[A-Za-z0-9_.-]{1,100}(\/\d{1,4})?$/);
const id = z.number().int().min(1).max(MAX_ID);
const settingValue = z.union([z.string().max(64 * 1024), z.number(), z.boolean()]);
const settings = z.record(z.string().max(100), settingValue);
const json = z.json();

const idRange = z
  .object({ from: id, to: id, step: z.number().int().min(1).max(MAX_ID) })
  .refine((range) => range.from <= range.to, 'from must not be above to');

/** Ids on the wire; disjoint. */
const idRanges = z.array(idRange).max(1_000_000);

const userCounts = z.object({
  starting: count,
  running: count,
  waiting: count,
  leaving: count,
  finished: count,
  removed: count,
  crashed: count,
});

/** How many users of a process are in each state; `finished`, `removed` and `crashed` are totals of the run. */
export type UserCounts = z.infer<typeof userCounts>;

const load = z.object({
  /** Share of one core, 0 to 1 (more when helper threads work too). */
  cpu: z.number().min(0),
  /** Event-loop delay, p99 of the last second. */
  loopDelayMs: ms,
  rssBytes: count,
});

/** What a process uses. */
export type NodeLoad = z.infer<typeof load>;

const delta = z.object({
  counters: z.record(z.string().max(100), z.number()),
  histograms: z.record(z.string().max(100), z.string().max(256 * 1024)),
});

const errorCount = z.object({ error: text, message: text, count });

const moduleFile = z.object({
  /** Relative to the scenario's folder: `my_scenario.js`, `lib/talk.js`. */
  path: z.string().regex(/^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./-]{0,200}\.js$/),
  code: z.string(),
});

const scenario = z.object({
  name: z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,99}$/),
  /** Hash over all files. */
  hash: z.string().regex(/^[0-9a-f]{16,64}$/),
  files: z.array(moduleFile).min(1).max(500),
  /** npm packages that the files import. */
  packages: z.array(z.string().max(214)).max(200),
});

/** A compiled scenario as it travels: every file that it needs but npm packages. */
export type ScenarioBundle = z.infer<typeof scenario>;

const variable = z.object({
  name: z.string(),
  description: text,
  update: z.boolean(),
  secret: z.boolean(),
});

const pace = z.object({
  /** Time between two starts in this process; 0: as fast as it goes. */
  interarrivalMs: ms,
  paused: z.boolean(),
});

/** How fast a process starts its users. */
export type Pace = z.infer<typeof pace>;

const ended = z.object({
  finished: idRanges,
  crashed: idRanges,
  removed: idRanges,
  /** Those of them that were assigned again since, and are there. */
  back: idRanges,
  /** The last `assign` that this process had taken in by then. */
  revision: count,
});

const none = z.object({});
const runId = z.string().max(100);

/** Every request of the master with what it carries and what the slave answers. */
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
    }),
    result: z.object({
      settings,
      variables: z.array(variable).max(1000),
      connectionsPerUser: z.number().min(0).max(10_000),
    }),
  },
  /** Runs the scenario's `setup`, on one process of the cluster. */
  setup: { params: z.object({ run: runId }), result: z.object({ value: json.optional() }) },
  /** Runs `init` in this process and makes it ready for users. */
  init: {
    params: z.object({ run: runId, setup: json.optional(), pace }),
    result: none,
  },
  assign: {
    params: z.object({
      run: runId,
      ids: idRanges,
      /** Counts up per process, so that a report can be told from what crossed it on the way. */
      revision: count,
      /** Wait before the first start, so that the processes of a node take turns. */
      delayMs: ms,
      /** Replacements of lost users: all are started within this time, whatever the pace. */
      withinMs: ms.optional(),
    }),
    result: none,
  },
  withdraw: {
    params: z.object({ run: runId, ids: idRanges, force: z.boolean() }),
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
   * Makes the process report at once; the answer comes behind the report. The figures are not in the
   * answer itself: one that came after its time-out would be lost, and what it counted with it.
   */
  report: { params: none, result: none },
  users: {
    params: z.object({
      state: z.enum(['starting', 'running', 'waiting', 'leaving', 'crashed']).optional(),
      limit: count.max(100_000),
    }),
    result: z.object({
      users: z.array(z.object({ id, state: text, repetitions: count, error: text.optional() })),
      errors: z.array(errorCount),
    }),
  },
  /** Ends all users, then runs `terminate`. */
  finish: {
    params: z.object({ run: runId, force: z.boolean(), gentleMs: ms }),
    result: z.object({ forced: count }),
  },
  teardown: { params: z.object({ run: runId, setup: json.optional() }), result: none },
  /** Forgets the run without a word to the scenario. */
  discard: { params: z.object({ run: runId }), result: none },
  logLevel: { params: z.object({ level: text }), result: none },
  ping: { params: none, result: none },
} as const;

/** Name of a request. */
export type Operation = keyof typeof requests;
/** What a request carries. */
export type Params<O extends Operation> = z.infer<(typeof requests)[O]['params']>;
/** What it is answered with. */
export type Result<O extends Operation> = z.infer<(typeof requests)[O]['result']>;

const wireError = z.object({
  name: text,
  code: text.optional(),
  message: text,
  stack: text.optional(),
});

/** An error on its way to the other side. */
export type WireError = z.infer<typeof wireError>;

const logRecord = z.looseObject({ level: z.number(), time: z.number(), msg: text.optional() });

/** One line of log in pino's form. */
export type LogRecord = z.infer<typeof logRecord>;

const stackFrame = z.object({ function: text, file: text, line: count, column: count });

/** A place in a scenario's source. */
export type StackFrame = z.infer<typeof stackFrame>;

/** Everything a slave process says once it is welcome. */
export const slaveMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('reply'), id: count, result: z.unknown() }),
  z.object({ type: z.literal('failure'), id: count, error: wireError }),
  z.object({
    type: z.literal('report'),
    run: runId.optional(),
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
]);

/** A message from a slave process or its watchdog. */
export type SlaveMessage = z.infer<typeof slaveMessage>;

/** Everything the master says after its welcome. */
export const masterMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('request'),
    id: count,
    operation: z.enum(Object.keys(requests) as [Operation, ...Operation[]]),
    params: z.unknown(),
  }),
  /** To the watchdog: end the process. */
  z.object({ type: z.literal('kill') }),
]);

/** A message from the master. */
export type MasterMessage = z.infer<typeof masterMessage>;

const nonce = z.string().regex(/^[0-9a-f]{64}$/);

/** What a node says of itself when it joins. */
export const nodeInfo = z.object({
  name: nodeName,
  host: z.string().max(255),
  pid: count,
  version: z.string().max(50),
  node: z.string().max(50),
  openFiles: count.optional(),
  localPorts: count.optional(),
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
  }),
  z.object({ type: z.literal('welcome'), proof: nonce }),
  z.object({ type: z.literal('refused'), reason: z.string().max(500) }),
]);

/** A message of the handshake. */
export type HandshakeMessage = z.infer<typeof handshakeMessage>;
