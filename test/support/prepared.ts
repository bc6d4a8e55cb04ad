import { resolveSettings } from '../../src/config/resolve.ts';
import { runVariables } from '../../src/config/run-variables.ts';

/** What an honest process answers to `prepare`. @param change settings that the test puts in the place of theirs */
export function prepared(change: Record<string, unknown> = {}): Record<string, unknown> {
  const settings = resolveSettings(runVariables, { call: { interarrival: 1 } }, 'work');
  const variables = [{ name: 'interarrival', description: '', update: true, secret: false }];
  return { settings: { ...settings, ...change }, variables, connectionsPerUser: 1 };
}
