import { readFileSync } from 'node:fs';

/** The system's limits on connections, of one process and of one host. */
export interface SystemLimits {
  /** Open files of this process (`ulimit -n`); a connection needs one. `undefined`: not known. */
  openFiles?: number | undefined;
  /** Local ports for outgoing connections from one address to one target. */
  localPorts?: number | undefined;
}

/** Reads the limits that Linux states under /proc; elsewhere they are not known. */
export function systemLimits(): SystemLimits {
  return { openFiles: openFileLimit(), localPorts: localPortCount() };
}

function openFileLimit(): number | undefined {
  const soft = /^Max open files\s+(\S+)/m.exec(read('/proc/self/limits'))?.[1];
  return soft === undefined || soft === 'unlimited' ? undefined : Number(soft);
}

function localPortCount(): number | undefined {
  const [first, last] = read('/proc/sys/net/ipv4/ip_local_port_range')
    .trim()
    .split(/\s+/)
    .map(Number);
  if (first === undefined || last === undefined || Number.isNaN(last - first)) return undefined;
  return last - first + 1;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
