import { command } from './command.ts';

/** Shows the figures of a run. */
export const metrics = command({
  name: 'metrics',
  use: 'metrics()',
  summary: 'everything counted and timed in the run: rate now, total, percentiles',
  details:
    'Times are in ms. After stop(), the figures are those of the run that ended. docs/metrics.md explains each metric.',
  args: {},
  options: {},
  examples: ['amocLocal.metrics()'],
  erlang: 'amoc_local:metrics().',
  effect: 'read',
  run: (control) => control.metrics(),
});
