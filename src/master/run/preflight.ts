import { AmocError } from '../../lib/errors.ts';
import { checkFiles, checkPorts } from '../../lib/system/limit-check.ts';
import type { NodeInfo } from '../../protocol/messages.ts';

/** What one process is about to hold. */
export interface PlannedLoad {
  info: Pick<NodeInfo, 'name' | 'host' | 'openFiles' | 'localPorts'>;
  users: number;
}

/**
 * Checks the OS limits of the load generator before the first user starts: otherwise hitting one of them,
 * at 1,012 users (files) or 28,225 users (ports), looks like a limit of the server.
 *
 * @throws {AmocError} `PREFLIGHT` with the number and the command that raises it.
 */
export function checkLimits(plan: readonly PlannedLoad[], connectionsPerUser: number): void {
  if (connectionsPerUser === 0) return;
  const walls = [...fileWalls(plan, connectionsPerUser), ...portWalls(plan, connectionsPerUser)];
  if (walls.length === 0) return;
  walls.push(
    'or start fewer users, use more machines, or { settings: { checkLimits: false } } if you are sure',
  );
  throw new AmocError('PREFLIGHT', walls.join('\n'));
}

function fileWalls(plan: readonly PlannedLoad[], connectionsPerUser: number): string[] {
  for (const { info, users } of plan) {
    const { needed, isEnough, remedy } = checkFiles(users * connectionsPerUser, info.openFiles);
    if (isEnough) continue;
    return [
      `${info.name} would need ${needed} open files for ${users} users, but its limit is ${info.openFiles}; ${remedy}`,
    ];
  }
  return [];
}

function portWalls(plan: readonly PlannedLoad[], connectionsPerUser: number): string[] {
  const hosts = new Map<string, { users: number; ports: number | undefined }>();
  for (const { info, users } of plan) {
    const host = hosts.get(info.host) ?? { users: 0, ports: info.localPorts };
    host.users += users;
    hosts.set(info.host, host);
  }
  return [...hosts].flatMap(([host, { users, ports }]) => {
    const { needed, isEnough, remedy } = checkPorts(users * connectionsPerUser, ports);
    if (isEnough) return [];
    return [
      `${host} would need ${needed} local ports for ${users} users, but has only ${ports}; ${remedy}`,
    ];
  });
}
