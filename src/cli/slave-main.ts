/**
 * The program of one slave process. Apart from the command line, which would cost each of them
 * memory and time to start.
 */
import { parseArgs } from 'node:util';
import { AmocError, messageOf } from '../lib/errors.ts';
import { oneLine } from '../lib/foreign-text.ts';
import { EVICTED, REFUSED } from '../master/local-processes.ts';
import { controlTls } from '../protocol/control-tls.ts';
import { runSlaveProcess } from '../slave/process.ts';
import { places, VERSION } from './installation.ts';

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
const cookie = process.env['AMOC_COOKIE'] ?? '';
// What a scenario starts must not inherit the secret.
delete process.env['AMOC_COOKIE'];
// `amoc slave`, which reads them, may have ended; what a user prints then is no error of that user.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
const end = process.exit.bind(process);
const labels = (values.label ?? []).map((label) => label.split('=') as [string, string]);
runSlaveProcess({
  master: values.master ?? '',
  name: values.name ?? '',
  cookie,
  version: VERSION,
  places: places(),
  logLevel: process.env['AMOC_LOG_LEVEL'] ?? 'info',
  child: values.child,
  // Not its parent of now: that may have died already.
  parentPid: Number(values.parent),
  identity: values.identity,
  replaces: values.replaces,
  ended: values.ended,
  labels: Object.fromEntries(labels),
  tls: values.supervised ? controlTls(process.env) : undefined,
  tell: (line) => {
    if (values.supervised) process.stderr.write(`${line}\n`);
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
