import chalk, { Chalk } from 'chalk';
import type { ChalkInstance } from 'chalk';

/** Colours, or none. */
export type Paint = ChalkInstance;

/** Colours for a stream: none when it is not a terminal, when `NO_COLOR` is set, or `TERM` is `dumb`. */
export function paintFor(colors: boolean): Paint {
  const level = Math.max(1, chalk.level) as 1 | 2 | 3;
  return new Chalk({ level: colors ? level : 0 });
}

/** Colours of the given level of chalk, for a terminal elsewhere. */
export function paintOf(level: 0 | 1 | 2 | 3): Paint {
  return new Chalk({ level });
}

/** Whether a stream should get colours (https://no-color.org). */
export function wantsColors(
  stream: { isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0';
  return stream.isTTY === true && TERM !== 'dumb';
}
