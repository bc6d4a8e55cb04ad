import { AmocError } from '../../lib/errors.ts';
import { didYouMean } from '../../lib/text/nearest.ts';
import { docOf } from '../../commands/doc.ts';
import type { CommandDoc } from '../../commands/doc.ts';
import { commands } from '../../commands/index.ts';
import { allDocs, shellCommands } from '../shell-commands.ts';
import type { Paint } from './paint.ts';
import { shown } from './shown.ts';

const documented = new WeakMap<object, CommandDoc>();

/** Lets `help(f)` find the documentation of a function. */
export function document<F extends (...values: never[]) => unknown>(f: F, doc: CommandDoc): F {
  documented.set(f, doc);
  return f;
}

/**
 * The answer of `help`: a value that prints as help.
 *
 * @param topic nothing for the list; a documented function, or its name
 * @throws {AmocError} `ARGUMENT` when no command has that name.
 */
export function help(topic: unknown): object {
  if (topic === undefined) return shown({ commands: names() }, (paint) => list(paint));
  const doc = find(topic);
  return shown({ command: doc.name }, (paint) => describe(doc, paint));
}

function names(): string[] {
  return allDocs.map(({ name }) => name);
}

function find(topic: unknown): CommandDoc {
  const byFunction = typeof topic === 'function' ? documented.get(topic) : undefined;
  if (byFunction !== undefined) return byFunction;
  if (typeof topic === 'string') {
    const name = topic.replace(/^.*[.:]/, '').replace(/\(.*$/s, '');
    const doc = allDocs.find((each) => each.name === name);
    if (doc !== undefined) return doc;
    throw new AmocError('ARGUMENT', `there is no help for '${topic}'${didYouMean(name, names())}`);
  }
  throw new AmocError('ARGUMENT', 'help: give a command, as in help(amocLocal.remove), or nothing');
}

function list(paint: Paint): string {
  const width = Math.max(...allDocs.map(({ use }) => use.length));
  const line = ({ use, summary }: CommandDoc, prefix: string): string =>
    `  ${prefix}${paint.cyan(use)}${' '.repeat(width - use.length + 11 - prefix.length)}${summary}`;
  return [
    paint.bold('On this machine: amocLocal. On many: amocDist, with the same commands.'),
    ...commands.map((command) => line(docOf(command), 'amocLocal.')),
    paint.bold('The shell'),
    ...shellCommands.map((doc) => line(doc, '')),
    paint.dim(
      'Type TypeScript, with await; Erlang as in the original works too: amoc_local:add(10).',
    ),
    paint.dim('Tab completes. help(amocLocal.do) shows options, defaults and an example.'),
  ].join('\n');
}

function describe(doc: CommandDoc, paint: Paint): string {
  const options = doc.options ?? [];
  const width = Math.max(0, ...options.map(({ name }) => name.length));
  const lines = [`  ${paint.cyan(doc.use)}`, `  ${doc.summary}`];
  if (doc.details !== undefined) lines.push(`  ${doc.details}`);
  if (options.length > 0) lines.push(paint.bold('  options'));
  for (const { name, description, default: value } of options) {
    lines.push(`    ${name.padEnd(width)}  ${description} ${paint.dim(`(default: ${value})`)}`);
  }
  doc.examples.forEach((example, at) => {
    lines.push(`${at === 0 ? paint.bold('  example') : '         '}  ${example}`);
  });
  if (doc.erlang !== undefined) lines.push(`${paint.bold('  Erlang')}   ${doc.erlang}`);
  return lines.join('\n');
}
