import { command } from './command.ts';

/** Shows a cluster on the full screen. */
export const watch = command({
  name: 'watch',
  use: 'watch()',
  summary: 'state, small charts and figures on the full screen, redrawn each second; q leaves',
  details: 'Log lines are shown after you leave it. Without a terminal, it prints one picture.',
  args: {},
  options: {},
  examples: ['amocLocal.watch()'],
  effect: 'read',
  run: async (control) => ({
    status: await control.status(),
    metrics: await control.metrics(),
    trend: [...control.trend],
    events: [...control.events],
  }),
});
