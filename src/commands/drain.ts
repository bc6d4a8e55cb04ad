import { command } from './command.ts';
import { node } from './fields.ts';

/** Empties a process or machine. */
export const drain = command({
  name: 'drain',
  use: "drain('slave1')",
  summary: 'empty a process or machine gently: its users continue elsewhere',
  details:
    'It takes no more users until undrain(), or until the run is over. Users that run there move as with rebalance(): when their start() ends, or by force after the setting stopTimeout (10 s).',
  args: { node },
  options: {},
  examples: ["amocDist.drain('slave1')"],
  erlang: 'amoc_dist:drain(slave1).',
  effect: 'change',
  run: (control, { node }) => control.drain(node),
});
