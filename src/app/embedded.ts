import { processEnvironment } from '../lib/system/environment.ts';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { resolveSettings } from '../config/resolve.ts';
import type { SettingSources } from '../config/resolve.ts';
import { environmentName } from '../config/variable.ts';
import type { Settings } from '../config/variable.ts';
import type { AnyDriver, EmbeddedPlace } from '../drivers/mod.ts';
import { sleep, withTimeout } from '../lib/time/async.ts';
import { backoffMs } from '../lib/time/backoff.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { programScript } from './installation.ts';

/** The embedded server in a process of its own. */
export interface EmbeddedProcess extends AsyncDisposable {
  readonly driver: AnyDriver;
  readonly host: string;
  readonly port: number;
  /** Settings that lead users to it. */
  readonly settings: EmbeddedPlace['settings'];
  /** The id of the current process. */
  readonly pid: number;
}

/** Messages of its process: where it listens, and later what has failed in it. */
export type EmbeddedMessage = EmbeddedPlace | { trouble: string };

/** A driver whose embedded server is needed, and its settings. */
interface Needed {
  readonly driver: AnyDriver;
  readonly settings: Settings;
}

const HOST = '127.0.0.1';
const START_MS = 10_000;
/** A process that ends sooner than this is started again after a pause. */
const STABLE_MS = 10_000;
const RESTART = { firstMs: 400, mostMs: 5000 };

/** Variable that names the driver, in the environment of the embedded server's process. */
export const EMBEDDED_DRIVER = 'AMOC_EMBEDDED_DRIVER';
/** Variable with the port: 0 for any free one. */
export const EMBEDDED_PORT = 'AMOC_EMBEDDED_PORT';

/**
 * The drivers whose embedded server is needed, because no source names a server.
 *
 * @throws {AmocError} `CONFIG` for invalid settings
 */
export function standInsNeeded(drivers: readonly AnyDriver[], sources: SettingSources): Needed[] {
  // Mistakes in the settings of the other drivers are reported as well.
  return drivers
    .map((driver) => ({ driver, settings: resolveSettings(driver.settings, sources, '') }))
    .filter(
      ({ driver: { embedded, target }, settings }) =>
        embedded !== undefined && target?.isNamed(settings) !== true,
    );
}

/**
 * Starts the embedded server as a process that ends with this one, whatever ends this one. If the server's process
 * ends by itself, it is started again on the same port, because users of the run have its address.
 *
 * @param onTrouble called when something has failed in the server, or it has ended: says what, and what comes next
 * @throws {AmocError} `CONNECTION` when it does not start.
 */
export async function startEmbeddedProcess(
  needed: Needed,
  onTrouble: (text: string) => void,
): Promise<EmbeddedProcess> {
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;
  let failures = 0;
  let startedAt = performance.now();
  let { child, port, settings } = await launch(needed, 0, onTrouble);
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
      ({ child, port, settings } = await launch(needed, port, onTrouble));
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
    driver: needed.driver,
    host: HOST,
    get port() {
      return port;
    },
    get settings() {
      return settings;
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
  { driver, settings }: Needed,
  port: number,
  onTrouble: (text: string) => void,
): Promise<EmbeddedPlace & { child: ChildProcess }> {
  const ofSettings = Object.entries(settings).map(([name, value]): [string, string] => [
    environmentName(name),
    String(value),
  ]);
  const child = fork(programScript('embedded'), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true,
    env: {
      ...processEnvironment(),
      ...Object.fromEntries(ofSettings),
      [EMBEDDED_DRIVER]: driver.name,
      [EMBEDDED_PORT]: String(port),
    },
  });
  const ready = new Promise<EmbeddedPlace>((resolve, reject) => {
    child.on('message', (message: EmbeddedMessage) => {
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
