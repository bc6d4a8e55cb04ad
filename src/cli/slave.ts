import { guardProcess } from '../app/process-guard.ts';
import { EndSignals } from '../app/signals.ts';
import { planSlave, SlaveNode } from '../app/slave-node.ts';
import type { SlaveOptions } from '../app/slave-node.ts';
import { duration } from '../config/environment.ts';
import { errorLine } from '../console/shell/error-text.ts';
import { oneLine } from '../lib/text/foreign-text.ts';

/** `amoc slave`: runs the processes of this machine until it is told to end. @throws as {@link planSlave} */
export async function runSlave(options: SlaveOptions): Promise<number> {
  const plan = planSlave(options);
  duration('AMOC_LEAVE_TIMEOUT', '30s');
  const say = (text: string): void => {
    process.stderr.write(`amoc slave: ${oneLine(text)}\n`);
  };
  guardProcess().serve((error) => say(`${errorLine(error)} (unhandled)`));
  const signals = new EndSignals();
  const atOnce = new Promise<string>((resolve) => {
    signals.second.addEventListener('abort', () => resolve('its processes are ended'));
  });
  await using slave = new SlaveNode(plan, say);
  const how = await Promise.race([signals.told, slave.refused]);
  if (how === undefined) return 2;
  say(`${how}: its users move elsewhere; a second signal ends it at once`);
  say(await Promise.race([slave.leave(), atOnce]));
  return 0;
}
