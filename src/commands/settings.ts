import { command } from './command.ts';

/** Shows the settings of a run. */
export const settings = command({
  name: 'settings',
  use: 'settings()',
  summary: 'the settings of the run, and which may be updated',
  args: {},
  options: {},
  examples: ['amocLocal.settings()'],
  erlang: 'amoc_local:settings().',
  effect: 'read',
  run: (control) => control.settings(),
});
