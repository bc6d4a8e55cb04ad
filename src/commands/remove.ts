import { AmocError } from '../lib/errors.ts';
import { command } from './command.ts';
import { force, ids, userCount } from './fields.ts';

/** Removes users. */
export const remove = command({
  name: 'remove',
  use: 'remove(10, options?)',
  summary: 'remove the users with the highest ids',
  details:
    'Without force a user finishes its start() and is not started again. remove({ ids: [[3, 9], 17] }) removes the users with those ids.',
  args: { users: { ...userCount, schema: userCount.schema.optional() } },
  options: { force: force('true: at once; connections are dropped'), ids },
  examples: ['amocLocal.remove(10, { force: true })', 'amocLocal.remove({ ids: [[3, 9], 17] })'],
  erlang: 'amoc_local:remove(10, [{force,true}]).',
  effect: 'change',
  run: (control, { users }, { force, ids }) => {
    if ((users === undefined) === (ids === undefined)) {
      throw new AmocError('ARGUMENT', 'remove: give a number, or { ids: [[3, 9], 17] }');
    }
    return control.remove(ids === undefined ? (users ?? 0) : { ids, force }, { force });
  },
});
