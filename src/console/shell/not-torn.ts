import { attempt } from '../../lib/time/async.ts';
import { answer } from './answer.ts';

/**
 * Makes a command begin only after the synchronous part of the input that calls it: Ctrl+C can end that
 * part between any two steps, also halfway through the changes of the command.
 */
export function notTorn<A extends unknown[], T>(
  command: (...values: A) => T,
): (...values: A) => Promise<Awaited<T>> {
  return (...values) => answer(Promise.resolve().then(() => attempt(() => command(...values))));
}
