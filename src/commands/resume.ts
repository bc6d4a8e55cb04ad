import { command } from './command.ts';

/** Lets users start again. */
export const resume = command({
  name: 'resume',
  use: 'resume()',
  summary: 'let users start again after pause()',
  args: {},
  options: {},
  examples: ['amocLocal.resume()'],
  erlang: 'amoc_local:resume().',
  effect: 'change',
  run: (control) => {
    control.resume();
    return { paused: false };
  },
});
