/**
 * The line of `text` that has the offset `at`, with a mark below:
 *
 * ```
 *    foo bar
 *        ^
 * ```
 */
export function pointAt(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  const line = text.split('\n')[before.length - 1] ?? '';
  return `   ${line}\n   ${' '.repeat((before.at(-1) ?? '').length)}^`;
}
