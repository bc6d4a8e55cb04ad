import { z } from 'zod';
import { listedStates } from '../lib/user-states.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import { quote } from '../lib/text/quote.ts';
import { command, field } from './command.ts';

const MAX_USERS = 100_000;

/** Lists individual users. */
export const users = command({
  name: 'users',
  use: 'users(options?)',
  summary: 'individual users, and the errors of crashed users',
  args: {},
  options: {
    state: {
      schema: z.enum(listedStates).optional(),
      description: "'starting', 'running', 'waiting', 'leaving', 'moving' or 'crashed'",
      default: 'all that are present',
      completes: listedStates,
      wrong: (value) => `there is no state ${quote(value)}${didYouMean(value, listedStates)}`,
    },
    limit: field(
      z.number().int().min(1).max(MAX_USERS).default(20),
      `a whole number from 1 to ${MAX_USERS}`,
      { description: 'at most this many users, lowest ids first', default: '20' },
    ),
  },
  examples: ["amocLocal.users({ state: 'crashed' })"],
  erlang: 'amoc_local:users([{state,crashed}]).',
  effect: 'read',
  run: (control, _args, options) => control.users(options),
});
