import { AmocError } from '../lib/errors.ts';
import { readCookie } from '../lib/cookie.ts';
import { runSlaveProcess } from '../slave/process.ts';
import { places, VERSION } from './installation.ts';

const NAME = /^[A-Za-z0-9_.-]{1,100}(\/\d{1,4})?$/;

/**
 * `amoc slave`: one slave process, until it is told to end.
 *
 * @throws {AmocError} `ARGUMENT` for a bad name or address, `AUTHENTICATION` when the master refuses.
 */
export async function runSlave(master: string, name: string): Promise<never> {
  if (!NAME.test(name)) {
    throw new AmocError(
      'ARGUMENT',
      `--name: '${name}' is no name for a node; use letters, digits, . _ and -`,
    );
  }
  if (!/^wss?:$/.test(protocolOf(master))) {
    throw new AmocError('ARGUMENT', `--master: '${master}' is no address; write ws://host:port`);
  }
  const cookie = readCookie(process.env);
  delete process.env['AMOC_COOKIE'];
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.once(signal, () => process.kill(process.pid, 'SIGKILL'));
  }
  return runSlaveProcess({
    master,
    name,
    cookie,
    version: VERSION,
    places: places(),
    logLevel: process.env['AMOC_LOG_LEVEL'] ?? 'info',
    child: false,
    tell: (line) => process.stderr.write(`amoc slave: ${line}\n`),
  });
}

function protocolOf(url: string): string {
  try {
    return new URL(url).protocol;
  } catch {
    return '';
  }
}
