import { command } from './command.ts';

/** Lists the processes. */
export const nodes = command({
  name: 'nodes',
  use: 'nodes()',
  summary: 'the slave processes: users, CPU, loop delay, memory, round trip, clock',
  args: {},
  options: {},
  examples: ['amocLocal.nodes()'],
  erlang: 'amoc_local:nodes().',
  effect: 'read',
  run: (control) => control.listNodes(),
});
