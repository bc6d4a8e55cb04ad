import { types } from 'node:util';
import type { Command, Completes, Field } from '../../commands/command.ts';
import { commands, methodNames } from '../../commands/index.ts';
import type { Vocabulary } from '../../control/views.ts';
import { modules } from '../erlang/javascript.ts';
import { shellCommands } from '../shell-commands.ts';
import type { CommandDoc } from '../../commands/doc.ts';
import { lineContext } from './line-context.ts';
import type { Bracket, LineContext } from './line-context.ts';

/** What can be completed in addition to the commands. */
export interface CompletionSources {
  scenarios: () => readonly string[];
  /** The settings that a scenario declares, with their meaning. */
  settingsOf: (scenario: string) => Readonly<Record<string, string>>;
  /** The names that a cluster knows now. @param object `amocLocal` or `amocDist` */
  vocabulary: (object: string) => Vocabulary;
  /** amoc's own settings, with their meaning. */
  settings: Readonly<Record<string, string>>;
  /** amoc's own metrics. */
  metrics: Readonly<Record<string, { readonly kind: string; readonly description: string }>>;
  /** The shell's context: what the user has declared. */
  context: object;
  /** The same with JavaScript's own globals. */
  globals: object;
}

/** Candidates, the part of the line that they replace, and a description for each candidate. */
export type Completion = [candidates: string[], partial: string, about?: string[]];

/** A candidate before it is compared with what was typed. */
interface Candidate {
  readonly text: string;
  readonly about?: string | undefined;
}

/** A command of a cluster that is being called, or a function of the shell. */
interface Called {
  readonly args: readonly Pick<Field, 'completes'>[];
  readonly options: Readonly<Record<string, Pick<Field, 'description' | 'completes'>>>;
  /** `amocLocal` or `amocDist`. */
  readonly object: string;
  readonly isErlang: boolean;
}

const all: readonly Command[] = commands;
const docs: readonly CommandDoc[] = shellCommands;
const objects = Object.values(modules);
const TYPED = new RegExp(`^(?:(${objects.join('|')})\\.)?(?:user\\([^()]*\\)\\.)?(\\w+)$`);
const ERLANG = new RegExp(`^(${Object.keys(modules).join('|')}):(\\w+)$`);
const METHOD = new RegExp(`(?:${objects.join('|')})\\.(\\w*)$`);
const FUNCTION = new RegExp(`(?:${Object.keys(modules).join('|')}):(\\w*)$`);
const ABOUT_USER = /\buser\([^()]*\)\.(\w*)$/;
const ANGLE_OPTION = /[,(]\s*<(\w*)$/;

/** Statistics of a histogram, and of a counter, that a threshold can have. */
const timeStats = ['p50', 'p95', 'p99', 'p99.9', 'mean', 'max', 'count', 'rate'];
const counterStats = ['total', 'rate'];

const languageGlobals = Object.getOwnPropertyNames(globalThis);

/** Completes the line up to the cursor. */
export function complete(line: string, sources: CompletionSources): Completion {
  const context = lineContext(line);
  const { partial } = context;
  if (context.quote === undefined) {
    const names = completeCommand(line);
    if (names !== undefined) return names;
  }
  const inCall = candidatesInCall(line, context, sources);
  if (inCall !== undefined) return matching(inCall.candidates, inCall.partial ?? partial);
  if (context.quote !== undefined) return [[], partial];
  return completeName(line, sources);
}

function matching(candidates: readonly Candidate[], partial: string): Completion {
  const found = candidates.filter(({ text }) => text.startsWith(partial));
  const texts = found.map(({ text }) => text);
  if (found.every(({ about }) => about === undefined)) return [texts, partial];
  return [texts, partial, found.map(({ about = '' }) => about)];
}

/** Names of commands: `amocLocal.`, `amoc_local:`, `user(7).`. */
function completeCommand(line: string): Completion | undefined {
  const ofUser = ABOUT_USER.exec(line)?.[1];
  if (ofUser !== undefined) {
    const about = all.filter(({ of }) => of === 'user');
    return matching(
      about.map(({ name, summary }) => ({ text: `${name}(`, about: summary })),
      ofUser,
    );
  }
  const method = METHOD.exec(line)?.[1];
  const erlang = method === undefined ? FUNCTION.exec(line)?.[1] : undefined;
  const partial = method ?? erlang;
  if (partial === undefined) return undefined;
  const end = method === undefined ? '().' : '()';
  const candidates = methodNames.flatMap((name) => {
    const command = all.find((each) => (each.of ?? each.name) === name);
    if (command === undefined || (erlang !== undefined && command.of !== undefined)) return [];
    const takes = Object.keys({ ...command.args, ...command.options }).length > 0;
    return [{ text: `${name}${takes ? '(' : end}`, about: command.summary }];
  });
  return matching(candidates, partial);
}

/** What fits in the place of an argument, an option or its value; `undefined` outside of calls of commands. */
function candidatesInCall(
  line: string,
  context: LineContext,
  sources: CompletionSources,
): { candidates: readonly Candidate[]; partial?: string } | undefined {
  const { brackets, quote } = context;
  const at = brackets.findLastIndex(({ callee }) => calledBy(callee) !== undefined);
  const call = brackets[at];
  const called = call === undefined ? undefined : calledBy(call.callee);
  if (call === undefined || called === undefined) return undefined;
  const inner = brackets.slice(at + 1);
  const angle = quote === undefined ? ANGLE_OPTION.exec(line)?.[1] : undefined;
  if (angle !== undefined && inner.length === 0) {
    return { candidates: optionCandidates(called, ':'), partial: angle };
  }
  const place = placeOf(called, call, inner);
  if (place === undefined) return undefined;
  if (place === 'option') {
    return { candidates: optionCandidates(called, called.isErlang ? ',' : ': ') };
  }
  const { completes, isKey } = place;
  if (completes === undefined) return undefined;
  const names = namesFor(completes, line, called, sources);
  const isQuoted = quote !== undefined;
  if (isKey) {
    // A key with a space can only be typed as a string.
    const keys = isQuoted ? names : names.filter(({ text }) => /^[\w$]+$/.test(text));
    const end = called.isErlang ? ',' : ': ';
    return { candidates: keys.map((each) => ({ ...each, text: each.text + (quote ?? end) })) };
  }
  // Only Erlang has names without quotes for values.
  if (!isQuoted && !called.isErlang) return undefined;
  return { candidates: names.map((each) => ({ ...each, text: each.text + (quote ?? '') })) };
}

type Place = 'option' | { completes: Completes | undefined; isKey: boolean };

/** @param inner the brackets inside the call */
function placeOf(called: Called, call: Bracket, inner: readonly Bracket[]): Place | undefined {
  const argument = called.args[call.commas]?.completes;
  const [first, second, third] = inner;
  if (first === undefined) return { completes: argument, isKey: false };
  if (called.isErlang) {
    // [{option, value}, …]: in the tuple, the option comes first.
    if (first.open !== '[' || second?.open !== '{') return undefined;
    if (third === undefined && second.commas === 0) {
      return argument === 'setting' ? { completes: argument, isKey: true } : 'option';
    }
    return undefined;
  }
  if (first.open !== '{') return undefined;
  if (argument === 'setting') {
    return first.key === undefined ? { completes: argument, isKey: true } : undefined;
  }
  if (first.key === undefined) return 'option';
  const { completes } = called.options[first.key] ?? {};
  const isOfKeys = completes === 'setting' || completes === 'metric';
  if (second?.open === '{') {
    return isOfKeys && second.key === undefined ? { completes, isKey: true } : undefined;
  }
  return isOfKeys ? undefined : { completes, isKey: false };
}

function calledBy(callee: string): Called | undefined {
  const [, module, erlangName] = ERLANG.exec(callee) ?? [];
  const [, object, typedName] = TYPED.exec(callee) ?? [];
  const name = erlangName ?? typedName;
  if (name === undefined) return undefined;
  const isErlang = module !== undefined;
  const cluster = isErlang ? modules[module] : object;
  if (cluster === undefined) {
    const doc = docs.find((each) => each.name === name);
    if (doc?.completes === undefined) return undefined;
    const { completes } = doc;
    // `c(my_scenario).`: a bare name is Erlang.
    return { args: [{ completes }], options: {}, object: '', isErlang: name === 'c' };
  }
  const command = all.find((each) => each.name === name || each.erlangNames?.includes(name));
  if (command === undefined) return undefined;
  const args = Object.values(command.args);
  return { args, options: command.options, object: cluster, isErlang };
}

function optionCandidates({ options }: Called, end: string): Candidate[] {
  return Object.entries(options).map(([name, { description }]) => ({
    text: `${name}${end}`,
    about: description,
  }));
}

function namesFor(
  completes: Completes,
  line: string,
  called: Called,
  sources: CompletionSources,
): Candidate[] {
  switch (completes) {
    case 'scenario':
      return sources.scenarios().map((text) => ({ text }));
    case 'node':
      return sources.vocabulary(called.object).nodes.map((text) => ({ text }));
    case 'setting': {
      const [, scenario] = /\bdo\(\s*['"]?(\w+)/.exec(line) ?? [];
      const own =
        scenario === undefined
          ? sources.vocabulary(called.object).settings
          : sources.settingsOf(scenario);
      const settings = { ...sources.settings, ...own };
      return Object.entries(settings).map(([text, about]) => ({ text, about }));
    }
    case 'metric':
      return metricCandidates(sources.vocabulary(called.object), sources);
    default:
      return completes.map((text) => ({ text }));
  }
}

/** The figures that a threshold can have: `message_ttd p99`, `messages_sent rate`, `errors`. */
function metricCandidates(known: Vocabulary, { metrics }: CompletionSources): Candidate[] {
  const named = (kind: string): string[] =>
    Object.keys(metrics).filter((name) => metrics[name]?.kind === kind);
  const withStats = (names: readonly string[], stats: readonly string[]): Candidate[] =>
    [...new Set(names)].flatMap((name) => {
      const about = metrics[name]?.description;
      return stats.map((stat) => ({ text: `${name} ${stat}`, about }));
    });
  return [
    { text: 'errors', about: 'users that crashed or were lost, for each user that started' },
    ...withStats([...named('histogram'), ...known.times], timeStats),
    ...withStats([...named('counter'), ...known.counters], counterStats),
  ];
}

function completeName(line: string, { context, globals }: CompletionSources): Completion {
  const path = /[A-Za-z_$][\w$.]*$/.exec(line)?.[0];
  if (path === undefined) {
    return line.trim() === '' ? matching(startWords(context), '') : [[], ''];
  }
  const dot = path.lastIndexOf('.');
  if (dot < 0) {
    // A context does not list the globals of the language, but it has them.
    const others = languageGlobals
      .filter((name) => Object.hasOwn(globals, name))
      .map((text) => ({ text }));
    return matching(unique([...startWords(context), ...others]), path);
  }
  const partial = path.slice(dot + 1);
  const owner = walk(globals, context, path.slice(0, dot).split('.'));
  const names = owner === undefined ? [] : propertiesOf(owner);
  return [names.filter((name) => name.startsWith(partial)).sort(), partial];
}

/** Functions of the shell are offered with their bracket, and not a second time without it. */
function unique(candidates: readonly Candidate[]): Candidate[] {
  const names = new Set<string>();
  return candidates.filter(({ text }) => {
    const name = text.replace(/[(:].*$/, '');
    if (names.has(name)) return false;
    names.add(name);
    return true;
  });
}

function startWords(context: object): Candidate[] {
  return [
    ...objects.map((text) => ({ text, about: 'a cluster: help() lists its commands' })),
    ...Object.keys(modules).map((name) => ({ text: `${name}:`, about: "the original's syntax" })),
    ...docs.map(({ name, use, summary }) => ({
      text: `${name}${use.endsWith('()') ? '()' : '('}`,
      about: summary,
    })),
    ...Object.keys(context).map((text) => ({ text })),
  ];
}

/** Follows a path through plain properties only: completion must not run any code. */
function walk(globals: object, context: object, path: readonly string[]): object | undefined {
  let value: unknown = path[0] !== undefined && Object.hasOwn(context, path[0]) ? context : globals;
  for (const name of path) {
    if (!isPlain(value)) return undefined;
    value = Object.getOwnPropertyDescriptor(value, name)?.value as unknown;
  }
  return isPlain(value) ? value : undefined;
}

/** A proxy would run its code when its properties are listed. */
function isPlain(value: unknown): value is object {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject && !types.isProxy(value);
}

function propertiesOf(value: object): string[] {
  const names = new Set<string>();
  for (
    let each: object | null = value;
    each !== null && isPlain(each);
    each = Object.getPrototypeOf(each) as object | null
  ) {
    if (Object.hasOwn(each, 'hasOwnProperty')) break;
    for (const name of Object.getOwnPropertyNames(each)) names.add(name);
  }
  return [...names].filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'constructor');
}
