import { command } from './command.ts';
import { force } from './fields.ts';

/** Ends a run. */
export const stop = command({
  name: 'stop',
  use: 'stop(options?)',
  summary: 'end the run gently; then terminate and teardown run',
  details:
    'Users still running after the setting stopTimeout (10 s) are removed by force; stop({ force: true }) cuts that wait short, and both calls have the same result. Users whose last start() ends in that time count as finished; users that would have been started again count as removed.',
  args: {},
  options: { force: force('true: do not wait for users') },
  examples: ['amocLocal.stop({ force: true })'],
  erlang: 'amoc_local:stop([{force,true}]).',
  effect: 'change',
  run: (control, _args, options) => control.stop(options),
});
