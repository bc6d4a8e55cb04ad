/** The longest path, in characters. */
const MAX_PATH_LENGTH = 1000;
/** The longest name in a path, in bytes: NAME_MAX of the usual file systems. */
const MAX_NAME_BYTES = 255;
/** Controls, halves of characters, and what a terminal treats as the end of a line. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u;
/** Parts that a URL parser treats as `.` and `..`. */
const DOTS = /^(?:\.|%2e){1,2}$/i;

/**
 * Why a path is not a plain relative one, which every machine can write below a folder of its own: the end
 * of a sentence that begins with the path. Letters of any script, blanks, `#`, `%`, `+`, brackets and `..`
 * inside a name are plain. Names that begin with a dot are not: such files often have secrets.
 *
 * @param path with `/` between its parts
 * @returns `undefined` for a plain path
 */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (path.length > MAX_PATH_LENGTH) return `has more than ${MAX_PATH_LENGTH} characters`;
  if (UNPRINTABLE.test(path)) return 'has a character that cannot be printed';
  if (path.includes('\\')) return 'has a backslash';
  if (path.startsWith('/')) return 'is absolute';
  const parts = path.split('/');
  for (const part of parts) {
    if (part === '') return 'has an empty part';
    if (DOTS.test(part)) return `has a part '${part}'`;
    if (part.startsWith('.')) return `has a name that begins with a dot, '${part}'`;
    if (Buffer.byteLength(part) > MAX_NAME_BYTES) {
      return `has a name of more than ${MAX_NAME_BYTES} bytes`;
    }
    if (part === 'node_modules') return 'is in node_modules';
  }
  // Node.js reads it to learn the type of the files beside it.
  if (parts.at(-1) === 'package.json') return 'is a package.json';
  return undefined;
}
