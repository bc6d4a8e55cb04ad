import { nearest } from '../../lib/text/nearest.ts';
import { methodNames } from '../../commands/index.ts';
import { shellCommands } from '../shell-commands.ts';

/** What to type in place of a name that is not defined. */
const remedies: ReadonlyMap<string, string> = new Map([
  ['amocLocal', 'amocLocal'],
  ['amocDist', 'amocDist'],
  ...methodNames.map((name) => [name, `amocLocal.${name}()`] as const),
  ...shellCommands.map(({ name }) => [name, `${name}()`] as const),
]);
const MAX_REMEDIES = 2;

/** `; did you mean amocLocal.users()?` after `users is not defined`; nothing after other errors. */
export function nameHint(errorName: string, message: string): string {
  if (errorName !== 'ReferenceError') return '';
  const name = /^([\w$]+) is not defined$/.exec(message)?.[1];
  if (name === undefined) return '';
  const names = remedies.has(name) ? [name] : nearest(name, [...remedies.keys()]);
  if (names.length === 0) return '';
  const words = names.slice(0, MAX_REMEDIES).map((each) => remedies.get(each));
  return `; did you mean ${words.join(' or ')}?`;
}
