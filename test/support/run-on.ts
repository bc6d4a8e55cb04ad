import type { StopResult } from '../../src/control/results.ts';
import type { Project } from './project.ts';
import { plainTarget } from './servers.ts';
import type { RealServer } from './servers.ts';

/** Runs a scenario of a project to its end on a server over TCP. @param users how many, from 1 on */
export function runOn(
  server: RealServer,
  project: Project,
  scenario: string,
  users: number,
  settings: readonly string[],
): Promise<StopResult> {
  const env = { ...plainTarget(server), AMOC_XMPP_TLS_CA: server.ca };
  const all = ['interarrival=5ms', 'repeatCount=1', 'stopTimeout=60s', ...settings];
  return project.result([scenario, '1', String(users), '--settings', ...all], env);
}
