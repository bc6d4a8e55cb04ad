import { command } from './command.ts';
import { userCount } from './fields.ts';

/** Starts more users. */
export const add = command({
  name: 'add',
  use: 'add(10)',
  summary: 'start more users, after the highest id that is present or has ended by itself',
  details: 'Ids that were removed are used again.',
  args: { users: userCount },
  options: {},
  examples: ['amocLocal.add(10)'],
  erlang: 'amoc_local:add(10).',
  effect: 'change',
  run: (control, { users }) => control.add(users),
});
