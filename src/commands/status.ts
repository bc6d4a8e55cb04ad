import { command } from './command.ts';

/** Shows the state of a cluster. */
export const status = command({
  name: 'status',
  use: 'status()',
  summary: 'the run, its users, messages and processes',
  args: {},
  options: {},
  examples: ['(await amocLocal.status()).users.running'],
  erlang: 'amoc_local:status().',
  erlangNames: ['test_status'],
  effect: 'read',
  run: (control) => control.status(),
});
