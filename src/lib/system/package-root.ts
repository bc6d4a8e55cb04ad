import { statSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';
import { AmocError } from '../errors.ts';

/** The folder of the package that `file` belongs to. @throws {AmocError} `FILE` when it belongs to none */
export function packageRootOf(file: string): string {
  for (let folder = dirname(file); folder !== parse(folder).root; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (statSync(manifest, { throwIfNoEntry: false }) !== undefined) return folder;
  }
  throw new AmocError('FILE', `no package.json above ${file}`);
}
