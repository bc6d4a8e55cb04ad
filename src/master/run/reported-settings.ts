import { faultOfResolved } from '../../config/resolve.ts';
import { runVariables } from '../../config/run-variables.ts';
import type { Settings } from '../../config/variable.ts';
import { AmocError } from '../../lib/errors.ts';
import type { Operation } from '../../protocol/messages.ts';

/**
 * Checks settings in the answer of a process: the master takes time-outs and paces from amoc's own ones.
 *
 * @param names settings that must be present
 * @throws {AmocError} `PROTOCOL`
 */
export function demandSettings(
  operation: Operation,
  names: readonly string[],
  settings: Settings,
): void {
  const fault = faultOfResolved(runVariables, names, settings);
  if (fault === undefined) return;
  throw new AmocError('PROTOCOL', `the answer to '${operation}': settings: ${fault}`);
}
