import { command } from './command.ts';
import { node } from './fields.ts';

/** Lets a drained process or machine take users again. */
export const undrain = command({
  name: 'undrain',
  use: "undrain('slave1')",
  summary: 'let a process or machine that was drained take users again',
  details:
    'Users that wait for a process go there at once; add() and rebalance() use it again. A process that is about to leave stays drained.',
  args: { node },
  options: {},
  examples: ["amocDist.undrain('slave1')"],
  erlang: 'amoc_dist:undrain(slave1).',
  effect: 'change',
  run: (control, { node }) => control.undrain(node),
});
