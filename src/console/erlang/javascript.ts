import type { Command } from '../../commands/command.ts';
import { commands } from '../../commands/index.ts';
import type { Call, Term } from './term.ts';

/** The modules of the original that exist here, and the objects that stand for them. */
export const modules: Readonly<Record<string, string>> = {
  amoc_local: 'amocLocal',
  amoc_dist: 'amocDist',
};

/** Functions that have other names in the original. */
const functionNames: ReadonlyMap<string, string> = new Map(
  commands.flatMap(({ name, erlangNames = [] }: Command) =>
    erlangNames.map((original) => [original, name] as const),
  ),
);

/** JavaScript that makes the call: `amocLocal.do("my_scenario", 1, 10)`. */
export function callToJavaScript(call: Call): string {
  const args = call.args.map(argument).join(', ');
  const name = functionNames.get(call.name) ?? camelCase(call.name);
  const target = call.module === undefined ? '' : `${modules[call.module] ?? call.module}.`;
  return `${target}${name}(${args})`;
}

/** `repeat_interval` → `repeatInterval`. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A list in an argument's place is a property list: `[]`, `[force]`, `[{force, true}]`. */
function argument(term: Term): string {
  if (term.kind !== 'list') return literal(term);
  if (term.items.every(isProperty)) return properties(term.items);
  return literal(term);
}

function literal(term: Term): string {
  switch (term.kind) {
    case 'atom':
      return ['true', 'false', 'undefined'].includes(term.name) ? term.name : quote(term.name);
    case 'integer':
      return Number.isSafeInteger(Number(term.value)) ? String(term.value) : `${term.value}n`;
    case 'float':
      return String(term.value);
    case 'string':
    case 'binary':
      return quote(term.text);
    case 'tuple':
      return `[${term.items.map(literal).join(', ')}]`;
    case 'list': {
      const isOptions = term.items.length > 0 && term.items.every(isPair);
      return isOptions ? properties(term.items) : `[${term.items.map(literal).join(', ')}]`;
    }
    case 'map':
      return `{${term.entries.map(([key, value]) => `${keyOf(key)}: ${literal(value)}`).join(', ')}}`;
  }
}

function properties(items: readonly Term[]): string {
  const entries = items.map((item) => {
    if (item.kind !== 'tuple') return `${keyOf(item)}: true`;
    const [key, value] = item.items as [Term, Term];
    return `${keyOf(key)}: ${literal(value)}`;
  });
  return `{${entries.join(', ')}}`;
}

/** `{key, Value}` with an atom as its key. */
function isPair(term: Term): boolean {
  return term.kind === 'tuple' && term.items.length === 2 && term.items[0]?.kind === 'atom';
}

function isProperty(term: Term): boolean {
  return term.kind === 'atom' || isPair(term);
}

function keyOf(term: Term): string {
  if (term.kind === 'atom') return quote(camelCase(term.name));
  return term.kind === 'string' || term.kind === 'binary' ? quote(term.text) : `[${literal(term)}]`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
