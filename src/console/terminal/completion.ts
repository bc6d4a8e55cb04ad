import { clusterCommands, shellCommands } from '../command-table.ts';
import type { CommandDoc } from '../command-table.ts';
import { LOG_LEVELS } from '../../lib/text/names.ts';
import { modules } from '../erlang/javascript.ts';

/** What can be completed in addition to the commands. */
export interface CompletionSources {
  scenarios: () => readonly string[];
  /** Processes and machines that are connected. */
  nodes: () => readonly string[];
  /** Names of amoc's own settings. */
  settings: readonly string[];
  strategies: readonly string[];
  userStates: readonly string[];
  /** The shell's context: what the user has declared. */
  context: object;
}

/** Candidates, and the part of the line that they replace. */
export type Completion = [candidates: string[], partial: string];

type Rule = readonly [RegExp, (match: RegExpExecArray, sources: CompletionSources) => string[]];

const OBJECTS = Object.values(modules).join('|');
const MODULES = Object.keys(modules).join('|');
const commands: readonly CommandDoc[] = clusterCommands;

/** Tried in this order; the last group of each pattern is the typed part of the candidate. */
const rules: readonly Rule[] = [
  // Scenario names: do('my_sc, c("my_sc, and in Erlang do(my_sc, c(my_sc.
  [
    new RegExp(`(?:(?:${OBJECTS})\\.do|\\bc)\\(\\s*(['"])(\\w*)$`),
    ([, quote], { scenarios }) => scenarios().map((name) => `${name}${quote}`),
  ],
  [
    new RegExp(`(?:(?:${MODULES}):do|^\\s*c)\\(\\s*(\\w*)$`),
    (_, { scenarios }) => [...scenarios()],
  ],
  // Commands.
  [
    new RegExp(`(?:${OBJECTS})\\.(\\w*)$`),
    () => commands.map(({ name, use }) => `${name}${use.endsWith('()') ? '()' : '('}`),
  ],
  [
    new RegExp(`(?:${MODULES}):(\\w*)$`),
    () => commands.map(({ name, use }) => `${name}${use.endsWith('()') ? '().' : '('}`),
  ],
  // Values of options.
  [/\bplacement:\s*(['"])(\w*)$/, ([, quote], { strategies }) => quoted(strategies, quote)],
  [/\bstate:\s*(['"])(\w*)$/, ([, quote], { userStates }) => quoted(userStates, quote)],
  [/\bnodes:\s*\[?[^\]}]*(['"])([\w/@.-]*)$/, ([, quote], { nodes }) => quoted(nodes(), quote)],
  [/\blogLevel\((['"])(\w*)$/, ([, quote]) => quoted(LOG_LEVELS, quote)],
  [
    new RegExp(`(?:settings:\\s*|(?:${OBJECTS})\\.update\\(\\s*)\\{(?:[^{}]*,)?\\s*(\\w*)$`),
    (_, { settings }) => settings.map((name) => `${name}: `),
  ],
  // Options: { for, <for and [{for.
  [
    new RegExp(`(?:${OBJECTS})\\.(\\w+)\\([^{]*\\{(?:.*[,}\\]])?\\s*(\\w*)$`),
    ([, command]) => optionsOf(command).map((name) => `${name}: `),
  ],
  [
    new RegExp(`(?:${OBJECTS})\\.(\\w+)\\(.*[,(]\\s*<(\\w*)$`),
    ([, command]) => optionsOf(command).map((name) => `${name}:`),
  ],
  [
    new RegExp(`(?:${MODULES}):(\\w+)\\(.*\\[(?:.*,)?\\s*\\{(\\w*)$`),
    ([, command]) => optionsOf(command).map((name) => `${name},`),
  ],
];

/** Completes the line up to the cursor. */
export function complete(line: string, sources: CompletionSources): Completion {
  for (const [pattern, candidates] of rules) {
    const match = pattern.exec(line);
    if (match === null) continue;
    const partial = match.at(-1) ?? '';
    return [candidates(match, sources).filter((each) => each.startsWith(partial)), partial];
  }
  return completeName(line, sources.context);
}

function completeName(line: string, context: object): Completion {
  const path = /[A-Za-z_$][\w$.]*$/.exec(line)?.[0];
  if (path === undefined) return line.trim() === '' ? [startWords(context), ''] : [[], ''];
  const dot = path.lastIndexOf('.');
  if (dot < 0) {
    return [startWords(context).filter((name) => name.startsWith(path)), path];
  }
  const partial = path.slice(dot + 1);
  const owner = walk(context, path.slice(0, dot).split('.'));
  const names = owner === undefined ? [] : propertiesOf(owner);
  return [names.filter((name) => name.startsWith(partial)).sort(), partial];
}

function startWords(context: object): string[] {
  const shell = shellCommands.map(({ name, use }) => `${name}${use.endsWith('()') ? '()' : '('}`);
  const objects = Object.values(modules);
  const own = Object.keys(context);
  return [...objects, ...Object.keys(modules).map((name) => `${name}:`), ...shell, ...own];
}

/** Follows a path through plain properties only: completion must not run any code. */
function walk(context: object, path: readonly string[]): object | undefined {
  let value: unknown = context;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, name)?.value as unknown;
  }
  return typeof value === 'object' && value !== null ? value : undefined;
}

function propertiesOf(value: object): string[] {
  const names = new Set<string>();
  for (
    let each: object | null = value;
    each !== null;
    each = Object.getPrototypeOf(each) as object | null
  ) {
    if (Object.hasOwn(each, 'hasOwnProperty')) break;
    for (const name of Object.getOwnPropertyNames(each)) names.add(name);
  }
  return [...names].filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'constructor');
}

function optionsOf(command: string | undefined): string[] {
  const doc = commands.find(({ name }) => name === command);
  return (doc?.options ?? []).map(({ name }) => name);
}

function quoted(names: readonly string[], quote: string | undefined): string[] {
  return names.map((name) => `${name}${quote ?? ''}`);
}
