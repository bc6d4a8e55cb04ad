import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/**
 * The server and the measured client each have a processor core of their own, as two machines would. If the kernel
 * chooses, they sometimes share a core, and the cost of the same program varies by a factor of two between runs.
 */
const SERVER = '0';
const CLIENT = '1';
const EVERY = `0-${cpus().length - 1}`;

const isPossible = cpus().length > 1;

/** Moves a process with all its threads, and future ones, to the core of the measured client. */
export function onClientCore(pid: number): void {
  move(pid, CLIENT);
}

/** Moves this process, and with it the servers that it starts, to the other core. */
export function onServerCore(): void {
  move(process.pid, SERVER);
}

/** Lets this process, and what it starts, run anywhere: for several processes at once. */
export function onEveryCore(): void {
  move(process.pid, EVERY);
}

/** A command that runs anywhere, whatever this process is bound to: for a program of many threads. */
export function onEveryCoreCommand(command: string, args: readonly string[]): [string, string[]] {
  return isPossible ? ['taskset', ['-c', EVERY, command, ...args]] : [command, [...args]];
}

function move(pid: number, cores: string): void {
  if (!isPossible) return;
  execFileSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { stdio: 'ignore' });
}
