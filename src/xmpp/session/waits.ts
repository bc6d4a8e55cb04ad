import { toMs } from '../../lib/time/duration.ts';
import { StanzaTimeout } from '../errors.ts';
import type { Predicate } from '../predicates.ts';
import type { StanzaWait } from './session-parts.ts';

const DEFAULT_TIMEOUT_MS = 10_000;

/** What a wait without a predicate accepts. */
export const anyStanza: Predicate = () => true;

/**
 * Rejects as an awaited function does, so that the stack trace leads to the line that waits. The waits are
 * not async functions themselves, so none of them pays for a stack trace. It must not reject before that
 * line's promise follows it.
 */
export async function late(what: string, timeoutMs: number): Promise<never> {
  await Promise.resolve();
  await Promise.resolve();
  throw new StanzaTimeout(what, timeoutMs);
}

/** How long to wait, in milliseconds. */
export function timeoutOf({ timeout }: StanzaWait): number {
  return timeout === Infinity ? Infinity : toMs(timeout ?? DEFAULT_TIMEOUT_MS);
}
