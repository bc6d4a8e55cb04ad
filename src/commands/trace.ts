import { z } from 'zod';
import { MAX_ID } from '../lib/ids/id-set.ts';
import { quote } from '../lib/text/quote.ts';
import { command, field } from './command.ts';

/** Shows the traffic of a user. */
export const trace = command({
  name: 'trace',
  of: 'user',
  use: 'user(7).trace()',
  summary: 'show what one user sends and receives; a second call stops that',
  details:
    'trace(true) always starts it, trace(false) always stops it. A user that is not running yet is traced from its start on, including the login. Passwords and SASL payloads are masked. user(7) of the shell is the user of the current run.',
  args: {
    id: {
      schema: z.number().int().min(1).max(MAX_ID),
      description: 'the id of the user',
      wrong: (value) => `${quote(value)} is not a valid id; expected a whole number ≥ 1`,
    },
    on: field(z.boolean().optional(), 'true or false', {
      description: 'whether to show them',
      default: 'the opposite of the current state',
    }),
  },
  options: {},
  examples: ['amocLocal.user(7).trace()'],
  effect: 'change',
  run: (control, { id, on }) => control.trace(id, on),
});
