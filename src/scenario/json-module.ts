import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { AmocError, messageOf } from '../lib/errors.ts';
import { plainRelative } from './import-resolver.ts';
import type { DataFile, ModuleFile } from './bundle.ts';

/** The keys of an object with at most this many can be imported by name; all keys are in the default export. */
const MAX_NAMES = 1000;

/**
 * The path of the module that takes the place of a JSON file. Node.js' own JSON modules warn at each start that
 * they are experimental (Node.js 20), need an attribute that TypeScript does not need, and export no names.
 *
 * @param folder the scenarios
 * @param file absolute
 */
export function jsonModulePath(folder: string, file: string): string {
  const isTaken = (name: string): boolean => {
    return ['.js', '.ts', '.d.ts'].some((extension) => existsSync(`${file}${name}${extension}`));
  };
  let name = '';
  for (let number = 1; isTaken(name); number++) name = `.${number}`;
  return `${plainRelative(folder, file)}${name}.js`;
}

/**
 * Makes the module. It reads the JSON once in each process, from the file that travels beside it.
 *
 * @param path from {@link jsonModulePath}
 * @throws {AmocError} `COMPILE` with the place when the file is not JSON
 */
export function jsonModule(path: string, { path: of, text }: DataFile): ModuleFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AmocError('COMPILE', `scenarios/${of} is not JSON: ${messageOf(cause)}`, { cause });
  }
  const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const isNamed = !Array.isArray(value) && names.length <= MAX_NAMES;
  const named = isNamed ? names.filter((name) => name !== 'default' && isWellFormed(name)) : [];
  const beside = `./${encodeURIComponent(posix.basename(of))}`;
  const code = [
    `import { readFileSync } from 'node:fs';`,
    `const value = JSON.parse(readFileSync(new URL(${JSON.stringify(beside)}, import.meta.url), 'utf8'));`,
    'export default value;',
    ...named.map((name, at) => {
      const key = JSON.stringify(name);
      return `const value${at} = value[${key}]; export { value${at} as ${key} };`;
    }),
    '',
  ].join('\n');
  return { path, code };
}

/** Halves of characters cannot be in the name of an export. */
function isWellFormed(text: string): boolean {
  return !/\p{Cs}/u.test(text);
}
