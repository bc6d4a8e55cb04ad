import { attempt } from '../lib/abort.ts';
import { answer } from './answer.ts';

/**
 * A command that begins when the synchronous part of the input that calls it is over: Ctrl+C can end that
 * between any two steps, also in the midst of what the command changes.
 */
export function notTorn<A extends unknown[], T>(
  command: (...values: A) => T,
): (...values: A) => Promise<Awaited<T>> {
  return (...values) => answer(Promise.resolve().then(() => attempt(() => command(...values))));
}
