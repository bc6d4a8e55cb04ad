import { command } from './command.ts';

/** Lists what happened in a run. */
export const events = command({
  name: 'events',
  use: 'events()',
  summary: 'what happened in the run: commands, nodes lost, warnings, thresholds',
  args: {},
  options: {},
  examples: ['amocLocal.events()'],
  erlang: 'amoc_local:events().',
  effect: 'read',
  run: (control) => [...control.events],
});
