/** The program of an embedded server's process, which the console and `amoc run` fork. */
import { processEnvironment } from '../../lib/system/environment.ts';
import { guardProcess } from '../process-guard.ts';
import { resolveSettings } from '../../config/resolve.ts';
import { errorLine } from '../../console/shell/error-text.ts';
import type { AnyDriver } from '../../drivers/mod.ts';
import { assert } from '../../lib/assert.ts';
import { drivers } from '../drivers.ts';
import { EMBEDDED_DRIVER, EMBEDDED_PORT } from '../embedded.ts';
import type { EmbeddedMessage } from '../embedded.ts';

const tell = (message: EmbeddedMessage): void => void process.send?.(message);
const guard = guardProcess((sentence) => {
  process.stderr.write(`amoc: the embedded server has failed: ${sentence}\n`);
});
const name = processEnvironment()[EMBEDDED_DRIVER];
const driver = drivers.find((each: AnyDriver) => each.name === name) as AnyDriver | undefined;
assert(driver?.embedded !== undefined, `the driver ${name} has no embedded server`);
const settings = resolveSettings(driver.settings, { environment: processEnvironment() }, '');
const place = await driver.embedded.serve(
  Number(processEnvironment()[EMBEDDED_PORT] ?? 0),
  settings,
);
// The process that started this one has ended, in whatever way.
process.on('disconnect', () => process.exit(0));
if (!process.connected) process.exit(0);
// A failure from now on concerns one connection: the others continue, and the parent process reports it.
guard.serve((error) => tell({ trouble: errorLine(error) }));
tell(place);
