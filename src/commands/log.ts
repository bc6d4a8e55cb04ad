import { command } from './command.ts';
import { node } from './fields.ts';

/** Shows the log of a process or machine. */
export const log = command({
  name: 'log',
  use: "log('slave1')",
  summary: 'the newest log lines of a process or machine',
  args: { node },
  options: {},
  examples: ["amocLocal.log('local/1')"],
  effect: 'read',
  run: (control, { node }) => control.log(node),
});
