import { command } from './command.ts';
import { node } from './fields.ts';

/** Sends a process or machine away. */
export const evict = command({
  name: 'evict',
  use: "evict('slave1')",
  summary: 'send a process or machine away at once: its users start elsewhere',
  details: 'It can join again when its `amoc slave` is restarted.',
  args: { node },
  options: {},
  examples: ["amocDist.evict('slave1')"],
  effect: 'change',
  run: (control, { node }) => control.evict(node),
});
