import { assertRan, Project } from './project.ts';
import { plainTarget } from './servers.ts';
import type { RealServer } from './servers.ts';

/** Registers `user_1` to `user_N` in a server, in band. */
export async function registerUsers(server: RealServer, count: number): Promise<void> {
  using project = new Project({ mongoose_in_band_registration: true });
  const settings = ['stay=0', 'cancel=false', 'repeatCount=1', 'interarrival=3ms'];
  const { code, err } = await project.amoc(
    ['run', 'mongoose_in_band_registration', '1', String(count), '--settings', ...settings],
    { env: plainTarget(server) },
  );
  assertRan(code, err);
}
