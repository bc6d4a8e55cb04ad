/**
 * The program of one slave process. Apart from the command line, which would cost each of them
 * memory and time to start.
 */
import { parseArgs } from 'node:util';
import { messageOf } from '../lib/errors.ts';
import { runSlaveProcess } from '../slave/process.ts';
import { places, VERSION } from './installation.ts';

const { values } = parseArgs({
  options: {
    master: { type: 'string' },
    name: { type: 'string' },
    child: { type: 'boolean', default: false },
  },
});
const cookie = process.env['AMOC_COOKIE'] ?? '';
// What a scenario starts must not inherit the secret.
delete process.env['AMOC_COOKIE'];
const end = process.exit.bind(process);
runSlaveProcess({
  master: values.master ?? '',
  name: values.name ?? '',
  cookie,
  version: VERSION,
  places: places(),
  logLevel: process.env['AMOC_LOG_LEVEL'] ?? 'info',
  child: values.child,
  tell: () => {},
}).catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  end(1);
});
