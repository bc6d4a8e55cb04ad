import type { Command } from '../../src/commands/command.ts';
import { docOf } from '../../src/commands/doc.ts';
import type { CommandDoc } from '../../src/commands/doc.ts';
import { commands } from '../../src/commands/index.ts';
import { shellCommands } from '../../src/console/shell-commands.ts';

const BEGIN = '<!-- commands -->';
const END = '<!-- /commands -->';

/** The README with its table of commands as the code has them. */
export function withCommands(page: string): string {
  const all: readonly Command[] = commands;
  const shell: readonly CommandDoc[] = shellCommands;
  const table = [
    '| of `amocLocal` and `amocDist` | |',
    '|---|---|',
    ...all.map((command) => rowOf(docOf(command))),
    '',
    '| of the shell itself | |',
    '|---|---|',
    ...shell.map(rowOf),
  ].join('\n');
  const [before = '', rest = ''] = page.split(BEGIN);
  const [, after = ''] = rest.split(END);
  return `${before}${BEGIN}\n${table}\n${END}${after}`;
}

function rowOf({ use, summary, options = [] }: CommandDoc): string {
  const named = options.map(({ name }) => `\`${name}\``).join(', ');
  const text = summary.replaceAll('|', '\\|');
  return `| \`${use}\` | ${text}${named === '' ? '' : `; options: ${named}`} |`;
}
