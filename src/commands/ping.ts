import { command } from './command.ts';

/** Measures round trips. */
export const ping = command({
  name: 'ping',
  use: 'ping()',
  summary: 'round trips to the slave processes',
  args: {},
  options: {},
  examples: ['amocLocal.ping()'],
  erlang: 'amoc_local:ping().',
  erlangNames: ['ping_nodes'],
  effect: 'read',
  run: (control) => control.ping(),
});
