import { z } from 'zod';
import { MAX_ID } from '../lib/ids/id-set.ts';
import { command, field } from './command.ts';
import { rate } from './fields.ts';

/** Brings a run to a number of users. */
export const target = command({
  name: 'target',
  use: 'target(500, options?)',
  summary: 'bring the run to 500 users: add the missing ones, or remove the highest gently',
  details:
    'The lowest ids of the run that no user has are used first, those of users that have ended too. Users that are leaving already do not count. A second target(500) does nothing.',
  args: {
    users: field(z.number().int().min(0).max(MAX_ID), `a whole number from 0 to ${MAX_ID}`, {
      description: 'how many users there should be',
    }),
  },
  options: {
    rate: field(rate.optional(), "user starts per time, as in '200/s'", {
      description: "also sets the rate, as in '200/s'",
      default: 'unchanged',
    }),
  },
  examples: ['amocDist.target(500)', "amocDist.target(500, { rate: '200/s' })"],
  erlang: 'amoc_dist:target(500).',
  effect: 'change',
  run: (control, { users }, options) => control.setTarget(users, options),
});
