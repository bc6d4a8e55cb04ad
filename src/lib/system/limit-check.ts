/** Files that a process has open in addition to its users' connections. */
const OWN_FILES = 64;

/** How many of what a limit allows are needed, whether the limit suffices, and how to raise it. */
export interface LimitCheck {
  readonly needed: number;
  readonly isEnough: boolean;
  /** As in `raise the limit …: ulimit -n 1077`. */
  readonly remedy: string;
}

/** Compares the open files that a process needs with its limit. @param limit `undefined`: not known */
export function checkFiles(connections: number, limit: number | undefined): LimitCheck {
  const needed = Math.ceil(connections) + OWN_FILES;
  return {
    needed,
    isEnough: limit === undefined || needed <= limit,
    remedy: `raise the limit before amoc starts: ulimit -n ${needed}, or use more processes: AMOC_LOCAL_PROCESSES`,
  };
}

/** Compares the local ports that the processes of a machine need with those that it has. */
export function checkPorts(connections: number, limit: number | undefined): LimitCheck {
  const needed = Math.ceil(connections);
  return {
    needed,
    isEnough: limit === undefined || needed <= limit,
    remedy: 'widen the range to 64,512 ports: sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
  };
}
