/**
 * The program of one slave process. It is separate from the command line, which would cost each process
 * memory and time at its start.
 */
import { processEnvironment } from '../../lib/system/environment.ts';
import { parseArgs } from 'node:util';
import { features } from '../../features/index.ts';
import { AmocError, messageOf } from '../../lib/errors.ts';
import { oneLine } from '../../lib/text/foreign-text.ts';
import { EVICTED, REFUSED } from '../../slave/supervision.ts';
import { controlTls } from '../../protocol/control-tls.ts';
import { runSlaveProcess } from '../../slave/process.ts';
import { loadDrivers } from '../../drivers/mod.ts';
import { drivers } from '../drivers.ts';
import { places, VERSION } from '../installation.ts';

const { values } = parseArgs({
  options: {
    master: { type: 'string' },
    name: { type: 'string' },
    parent: { type: 'string' },
    identity: { type: 'string' },
    replaces: { type: 'string' },
    ended: { type: 'string' },
    label: { type: 'string', multiple: true },
    child: { type: 'boolean', default: false },
    supervised: { type: 'boolean', default: false },
  },
});
const cookie = processEnvironment()['AMOC_COOKIE'] ?? '';
// Programs that a scenario starts must not inherit the secret.
delete processEnvironment()['AMOC_COOKIE'];
// Scenarios must not speak for the process.
const send = process.send?.bind(process);
delete process.send;
// `amoc slave`, which reads them, may have ended; a user that prints something then must not fail.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
const end = process.exit.bind(process);
const labels = (values.label ?? []).map((label) => label.split('=') as [string, string]);
runSlaveProcess({
  master: values.master ?? '',
  name: values.name ?? '',
  cookie,
  version: VERSION,
  places: places(),
  drivers: await loadDrivers(drivers),
  logLevel: processEnvironment()['AMOC_LOG_LEVEL'] ?? 'info',
  child: values.child,
  // Not process.ppid: the parent may have died already.
  parentPid: Number(values.parent),
  identity: values.identity,
  replaces: values.replaces,
  ended: values.ended,
  labels: Object.fromEntries(labels),
  features,
  tls: values.supervised ? controlTls(processEnvironment()) : undefined,
  tell: (line) => {
    if (values.supervised) process.stderr.write(`${line}\n`);
  },
  report: (message) => {
    // The supervisor may have ended: then no one reads the message.
    if (process.connected) send?.(message, undefined, undefined, () => {});
  },
}).catch((error: unknown) => {
  process.stderr.write(`${oneLine(messageOf(error))}\n`);
  end(exitCodeOf(error));
});

function exitCodeOf(error: unknown): number {
  if (!(error instanceof AmocError)) return 1;
  if (error.code === 'EVICTED') return EVICTED;
  return error.code === 'AUTHENTICATION' || error.code === 'NAME_TAKEN' ? REFUSED : 1;
}
