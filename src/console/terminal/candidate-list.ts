import stringWidth from 'string-width';
import { oneLine } from '../../lib/text/foreign-text.ts';

/** More candidates than this are counted. */
const MAX_LISTED = 60;

/**
 * Candidates, each with its description, a line each. The texts may be those of a scenario, so none can steer
 * the terminal.
 *
 * @param columns the width of the terminal
 */
export function listCandidates(
  candidates: readonly string[],
  about: readonly string[],
  columns: number,
): string {
  const shown = candidates.slice(0, MAX_LISTED).map((each) => oneLine(each));
  const width = Math.max(...shown.map((each) => stringWidth(each)));
  const lines = shown.map((candidate, at) => {
    const space = ' '.repeat(width - stringWidth(candidate));
    return oneLine(`  ${candidate}${space}  ${about[at] ?? ''}`.trimEnd(), Math.max(20, columns));
  });
  const more = candidates.length - shown.length;
  if (more > 0) lines.push(`  and ${more} more`);
  return `${lines.join('\n')}\n`;
}
