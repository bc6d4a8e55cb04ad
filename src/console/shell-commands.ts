import { commands } from '../commands/index.ts';
import { docOf } from '../commands/doc.ts';
import type { CommandDoc } from '../commands/doc.ts';
import { LOG_LEVELS } from '../lib/text/names.ts';

/** Functions of the shell itself. */
export const shellCommands = [
  {
    name: 'help',
    use: 'help(command?)',
    summary: 'this list, or one command: help(amocLocal.remove)',
    examples: ['help(amocLocal.do)'],
    erlang: 'help().',
  },
  {
    name: 'scenarios',
    use: 'scenarios()',
    summary: 'the scenarios in scenarios/',
    examples: ['scenarios()'],
    erlang: 'scenarios().',
  },
  {
    name: 'c',
    use: "c('my_scenario')",
    summary: 'compile a scenario and show its mistakes',
    examples: ["c('my_scenario')"],
    completes: 'scenario',
    erlang: 'c(my_scenario).',
  },
  {
    name: 'v',
    use: 'v(3)',
    summary: 'the value of command 3; v(-1) is that of the last one',
    examples: ['v(-1)'],
    erlang: 'v(3).',
  },
  {
    name: 'sleep',
    use: "sleep('5s')",
    summary: 'wait, for scripts that are piped in',
    examples: ["sleep('5s')"],
    erlang: 'sleep(5000).',
  },
  {
    name: 'user',
    use: 'user(7).trace()',
    summary: 'show what a user of the run sends and receives; a second call stops that',
    examples: ['user(7).trace()'],
  },
  {
    name: 'logLevel',
    use: "logLevel('debug')",
    summary: 'show log lines from this level on: debug, info, warn, error, silent',
    examples: ["logLevel('warn')"],
    completes: LOG_LEVELS,
    erlang: 'log_level(warn).',
  },
  {
    name: 'tail',
    use: 'tail(50)',
    summary: 'the last log lines, also those from when no console was attached',
    examples: ['tail(200)'],
    erlang: 'tail(50).',
  },
  {
    name: 'who',
    use: 'who()',
    summary: 'who is attached to this node',
    examples: ['who()'],
    erlang: 'who().',
  },
  {
    name: 'q',
    use: 'q()',
    summary: 'leave, as Ctrl+D does; amoc console then stops the run, amoc attach lets it continue',
    examples: ['q()'],
    erlang: 'q().',
  },
] as const satisfies readonly CommandDoc[];

/** Name of a function of the shell. */
export type ShellCommand = (typeof shellCommands)[number]['name'];

/** The documentation of everything that can be called in the shell: the commands of a cluster first. */
export const allDocs: readonly CommandDoc[] = [...commands.map(docOf), ...shellCommands];
