import { command, field } from './command.ts';
import { rate as rateSchema } from './fields.ts';

/** Changes the arrival rate of a run. */
export const rate = command({
  name: 'rate',
  use: "rate('200/s')",
  summary: 'start 200 users a second in the whole cluster, from now on',
  details:
    'It replaces the pace that interarrival gives each machine, also for users that wait to be started; update({ interarrival }) returns to that.',
  args: {
    rate: field(rateSchema, "user starts per time, as in '200/s', '30/min', or a number a second", {
      description: 'user starts per time',
    }),
  },
  options: {},
  examples: ["amocDist.rate('200/s')", 'amocDist.rate(0.5)'],
  erlang: 'amoc_dist:rate("200/s").',
  effect: 'change',
  run: (control, { rate: wanted }) => control.setRate(wanted),
});
