import { fork } from 'node:child_process';
import { join } from 'node:path';
import { withTimeout } from '../lib/abort.ts';
import { AmocError } from '../lib/errors.ts';
import { PACKAGE_ROOT } from './installation.ts';

/** The embedded server in a process of its own. */
export interface StandIn extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly domain: string;
  readonly pid: number;
}

/** What its process says: where it listens, and later what has failed in it. */
type StandInMessage = { port: number; domain: string } | { trouble: string };

const START_MS = 10_000;

/**
 * Starts the embedded server as a process that ends with this one, whatever ends it.
 *
 * @param onTrouble something has failed in it, and it goes on
 * @throws {AmocError} `CONNECTION` when it does not start.
 */
export async function startStandIn(
  patterns: { user: string; password: string },
  onTrouble: (text: string) => void,
): Promise<StandIn> {
  const child = fork(join(PACKAGE_ROOT, 'dist', 'src', 'cli', 'embedded-main.js'), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true,
    env: {
      ...process.env,
      AMOC_EMBEDDED_USER: patterns.user,
      AMOC_EMBEDDED_PASSWORD: patterns.password,
    },
  });
  const ready = new Promise<{ port: number; domain: string }>((resolve, reject) => {
    child.on('message', (message: StandInMessage) => {
      if ('trouble' in message) onTrouble(`the embedded server: ${message.trouble}`);
      else resolve(message);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      reject(new AmocError('CONNECTION', `the embedded server did not start (${signal ?? code})`));
    });
  });
  const { port, domain } = await withTimeout(ready, START_MS, 'the start of the embedded server');
  child.unref();
  child.channel?.unref();
  return {
    host: '127.0.0.1',
    port,
    domain,
    pid: child.pid as number,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.ref();
      child.kill('SIGKILL');
      await gone;
    },
  };
}
