import { hostname } from 'node:os';
import { join } from 'node:path';
import { projectFolder } from '../app/installation.ts';
import { env } from '../config/environment.ts';

/** The name of this machine, as a prompt shows it. */
export function shortHostname(): string {
  return hostname().split('.', 1)[0] ?? '';
}

/** The file of the input history. */
export function historyFile(): string {
  return env('AMOC_HISTORY') ?? join(projectFolder(), 'repl-history', 'console.history');
}
