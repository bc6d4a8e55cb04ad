import { command } from './command.ts';

/** Evens out the users of the processes. */
export const rebalance = command({
  name: 'rebalance',
  use: 'rebalance()',
  summary: 'distribute the users evenly over the processes, after one has joined',
  details:
    'Users end their start() where they are, and continue elsewhere. Until then they run, and status() shows how many are to move. A start() that is still running after the setting stopTimeout (10 s) is ended by force.',
  args: {},
  options: {},
  examples: ['amocDist.rebalance()'],
  erlang: 'amoc_dist:rebalance().',
  effect: 'change',
  run: (control) => control.rebalance(),
});
