import assert from 'node:assert/strict';
import type { Project } from './project.ts';
import { runOn } from './run-on.ts';
import type { RealServer } from './servers.ts';

/** The scenario that makes the accounts; a project needs it. */
export const REGISTRATION = 'mongoose_in_band_registration';

/** Makes the accounts of users 1 to `users` on a server, in-band. @param settings besides those of the scenario */
export async function makeAccounts(
  server: RealServer,
  project: Project,
  users: number,
  settings: readonly string[] = [],
): Promise<void> {
  const all = ['stay=0', 'cancel=false', ...settings];
  const made = await runOn(server, project, REGISTRATION, users, all);
  assert.deepEqual([made.users.finished, made.users.crashed, made.errors], [users, 0, []]);
  assert.equal(made.metrics.times['registration']?.count, users);
}
