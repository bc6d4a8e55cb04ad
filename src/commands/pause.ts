import { command } from './command.ts';

/** Stops starting users. */
export const pause = command({
  name: 'pause',
  use: 'pause()',
  summary: 'stop starting users until resume(); users that run continue',
  args: {},
  options: {},
  examples: ['amocLocal.pause()'],
  erlang: 'amoc_local:pause().',
  effect: 'change',
  run: (control) => {
    control.pause();
    return { paused: true };
  },
});
