import type { Control } from '../control/control.ts';
import { AmocError } from '../lib/errors.ts';
import { plural } from '../lib/text/plural.ts';
import { sleep } from '../lib/time/async.ts';
import type { Clock } from '../lib/time/clock.ts';
import { formatMs } from '../lib/time/duration.ts';

const POLL_MS = 100;
const PROGRESS_MS = 5000;
/** The processes of a slave join one after the other: all are there when none has come for this long. */
const QUIET_MS = 1000;

/** What to wait for, and how long. */
export interface AwaitOptions {
  /** How many slaves: machines, however many processes each has. */
  slaves: number;
  timeoutMs: number;
  /** How to start a slave, for the error. */
  howToJoin: string;
  signal: AbortSignal;
  clock: Clock;
  /** Shows progress. */
  say: (line: string) => void;
}

/**
 * Waits until enough slaves have joined, and all of their processes.
 *
 * @throws {AmocError} `NO_NODES` when too few have joined in time; the signal's reason when it is aborted
 */
export async function awaitSlaves(control: Control, options: AwaitOptions): Promise<void> {
  const { slaves, timeoutMs, howToJoin, signal, clock, say } = options;
  const began = clock.monotonic();
  let saidAt = began;
  let processes = 0;
  let changedAt = began;
  say(`waiting for ${plural(slaves, 'slave')} to join`);
  for (;;) {
    const names = (await control.listNodes()).map(({ name }) => name);
    const machines = [...new Set(names.map((name) => name.replace(/\/[^/]*$/, '')))];
    const now = clock.monotonic();
    if (names.length !== processes) changedAt = now;
    processes = names.length;
    const many = plural(processes, 'process', 'processes');
    if (machines.length >= slaves && now - changedAt >= QUIET_MS) {
      say(`${machines.join(', ')} joined with ${many}`);
      return;
    }
    const joined = machines.length === 0 ? '' : ` (${machines.join(', ')})`;
    if (now - began >= timeoutMs && machines.length < slaves) {
      throw new AmocError(
        'NO_NODES',
        `${machines.length} of ${plural(slaves, 'slave')}${joined} joined within ${formatMs(timeoutMs)}; ${howToJoin}`,
      );
    }
    if (now - saidAt >= PROGRESS_MS) {
      saidAt = now;
      say(`${machines.length} of ${plural(slaves, 'slave')}${joined} joined so far`);
    }
    await sleep(POLL_MS, { signal, clock });
  }
}
