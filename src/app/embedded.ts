import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { sleep, withTimeout } from '../lib/time/async.ts';
import { backoffMs } from '../lib/time/backoff.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { programScript } from './installation.ts';

/** The embedded server in a process of its own. */
export interface StandIn extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly domain: string;
  /** The id of the current process. */
  readonly pid: number;
}

/** Messages of its process: where it listens, and later what has failed in it. */
type StandInMessage = { port: number; domain: string } | { trouble: string };

type Patterns = Readonly<{ user: string; password: string }>;

const HOST = '127.0.0.1';
const START_MS = 10_000;
/** A process that ends sooner than this is started again after a pause. */
const STABLE_MS = 10_000;
const RESTART = { firstMs: 400, mostMs: 5000 };

/**
 * Starts the embedded server as a process that ends with this one, whatever ends this one. If the server's process
 * ends by itself, it is started again on the same port, because users of the run have its address.
 *
 * @param onTrouble called when something has failed in the server, or it has ended: says what, and what comes next
 * @throws {AmocError} `CONNECTION` when it does not start.
 */
export async function startStandIn(
  patterns: Patterns,
  onTrouble: (text: string) => void,
): Promise<StandIn> {
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;
  let failures = 0;
  let startedAt = performance.now();
  let { child, port, domain } = await launch(patterns, 0, onTrouble);
  child.once('exit', ended);

  function ended(code: number | null, signal: NodeJS.Signals | null): void {
    if (isClosing()) return;
    failures = performance.now() - startedAt > STABLE_MS ? 0 : failures + 1;
    onTrouble(
      `amoc's embedded server has ended (${signal ?? `exit code ${code}`}), and its sessions with it; it is started again on ${HOST}:${port}`,
    );
    void restart();
  }

  async function restart(): Promise<void> {
    if (failures > 1) await sleep(backoffMs(failures, RESTART, Math.random()));
    if (isClosing()) return;
    startedAt = performance.now();
    try {
      ({ child, port, domain } = await launch(patterns, port, onTrouble));
    } catch (error) {
      failures++;
      onTrouble(`amoc's embedded server cannot be started: ${messageOf(error)}; amoc tries again`);
      void restart();
      return;
    }
    if (isClosing()) child.kill('SIGKILL');
    else child.once('exit', ended);
  }

  return {
    host: HOST,
    get port() {
      return port;
    },
    get domain() {
      return domain;
    },
    get pid() {
      return child.pid as number;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.ref();
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** @param port 0 for any free port */
async function launch(
  patterns: Patterns,
  port: number,
  onTrouble: (text: string) => void,
): Promise<{ child: ChildProcess; port: number; domain: string }> {
  const child = fork(programScript('embedded'), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true,
    env: {
      ...process.env,
      AMOC_EMBEDDED_USER: patterns.user,
      AMOC_EMBEDDED_PASSWORD: patterns.password,
      AMOC_EMBEDDED_PORT: String(port),
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
  const listening = await withTimeout(ready, START_MS, 'the start of the embedded server');
  child.unref();
  child.channel?.unref();
  return { child, ...listening };
}
