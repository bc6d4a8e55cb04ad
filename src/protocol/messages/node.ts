import { z } from 'zod';
import { NODE_NAME } from '../../lib/text/names.ts';
import { count, ms, none, plainText, text } from './values.ts';

const hex = z.string().regex(/^[0-9a-f]{8,64}$/);
const PROCESS_NUMBER = /^\d{1,4}$/;

/** `slave1/2`, or `slave1`: a name, and the number of the process on its machine. */
function isProcessName(name: string): boolean {
  const [machine = '', number, ...more] = name.split('/');
  if (!NODE_NAME.test(machine) || more.length > 0) return false;
  return number === undefined || PROCESS_NUMBER.test(number);
}

/** What a process says about itself when it joins. */
export const nodeInfo = z.object({
  name: z.string().max(200).refine(isProcessName, 'is not the name of a process'),
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

export const load = z.object({
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

const clockEstimate = z.object({
  roundTripMs: ms,
  /** The master's clock minus that of the process. */
  offsetMs: z.number(),
});

/** How far a process's clock is from the master's; right within half of the round trip. */
export type ClockEstimate = z.infer<typeof clockEstimate>;

const stackFrame = z.object({ function: text, file: text, line: count, column: count });

/** A place in a scenario's source. */
export type StackFrame = z.infer<typeof stackFrame>;

/** A sign of life. The answer renews the lease of the process. */
export const slaveBeat = z.object({
  type: z.literal('beat'),
  sequence: count,
  /** The best estimate so far, as in NTP (RFC 5905 §8). */
  clock: clockEstimate.optional(),
});

/** Answers a beat: the lease of the process is renewed from the moment when it sent the beat. */
export const masterBeat = z.object({
  type: z.literal('beat'),
  sequence: count,
  /** Epoch milliseconds of the master. */
  at: z.number(),
  /** The number of the last report that need not be sent again. */
  acked: count,
});

/** To the watchdog: end the process. */
export const killMessage = z.object({ type: z.literal('kill') });

/** From the watchdog, while the event loop of its process is blocked. */
export const blockedMessage = z.object({
  type: z.literal('blocked'),
  forMs: ms,
  frames: z.array(stackFrame).max(50),
});
export const unblockedMessage = z.object({ type: z.literal('unblocked'), afterMs: ms });
/** The process is about to end, and waits until its users are elsewhere. */
export const leavingMessage = z.object({ type: z.literal('leaving') });
/** The process has stopped its users and ends now: they may run elsewhere at once. */
export const goneMessage = z.object({ type: z.literal('gone'), reason: text });

/** The requests about a process, with a run or without. */
export const nodeRequests = {
  /**
   * Makes the process report at once; the answer follows the report. The figures are not in the answer
   * itself: an answer that came after its time-out would be lost, with what it counted.
   */
  report: { params: none, result: none },
  logLevel: { params: z.object({ level: text }), result: none },
  ping: { params: none, result: none },
} as const;
