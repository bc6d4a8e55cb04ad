import { AmocError } from '../../lib/errors.ts';
import type { NodeInfo } from '../../protocol/messages.ts';

/** Files that a process has open in addition to its users' connections. */
const OWN_FILES = 64;

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
  const short = plan.find(({ info, users }) => {
    return info.openFiles !== undefined && users * connectionsPerUser + OWN_FILES > info.openFiles;
  });
  if (short === undefined) return [];
  const wanted = Math.ceil(short.users * connectionsPerUser) + OWN_FILES;
  return [
    `${short.info.name} would need ${wanted} open files for ${short.users} users, but its limit is ${short.info.openFiles}; raise it with: ulimit -n ${wanted} (before amoc starts), or use more processes: AMOC_LOCAL_PROCESSES`,
  ];
}

function portWalls(plan: readonly PlannedLoad[], connectionsPerUser: number): string[] {
  const hosts = new Map<string, { users: number; ports: number | undefined }>();
  for (const { info, users } of plan) {
    const host = hosts.get(info.host) ?? { users: 0, ports: info.localPorts };
    host.users += users;
    hosts.set(info.host, host);
  }
  return [...hosts].flatMap(([host, { users, ports }]) => {
    const wanted = Math.ceil(users * connectionsPerUser);
    if (ports === undefined || wanted <= ports) return [];
    return [
      `${host} would need ${wanted} local ports for ${users} users, but has only ${ports}; widen the range with: sysctl -w net.ipv4.ip_local_port_range="1024 65535" (64,512 ports)`,
    ];
  });
}
