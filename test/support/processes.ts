import { readdirSync, readFileSync } from 'node:fs';

/** Ids of processes whose environment has `AMOC_PROJECT` = `folder`: all that a test's project started. */
export function processesOf(folder: string): number[] {
  const mark = `\0AMOC_PROJECT=${folder}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return false;
        return `\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}`.includes(mark);
      } catch {
        return false;
      }
    });
}

/** Kills processes, of which some may have ended meanwhile. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Those of them that run users. */
export function slavesOf(folder: string): number[] {
  return processesOf(folder).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('slave-main.js');
    } catch {
      return false;
    }
  });
}
