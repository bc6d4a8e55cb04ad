import { copyFileSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { AmocError, messageOf, systemCode } from '../lib/errors.ts';
import { scenarioOptions } from '../scenario/compiler-options.ts';
import { PACKAGE_ROOT } from '../app/installation.ts';

/** Scenarios that a new project begins with. */
const scenarios = ['my_scenario', 'mongoose_simple', 'mongoose_in_band_registration'];

/** Lets an editor find the types of `import … from 'amoc'`. */
const tsconfig = {
  compilerOptions: { ...scenarioOptions, noEmit: true },
  include: ['**/*.ts'],
};

const ignored = ['node_modules/', 'runs/', 'repl-history/', '*.log'];

/**
 * `amoc init`: makes the current folder a project, with scenarios to start from. Existing files stay unchanged.
 *
 * @returns the text to print
 * @throws {AmocError} `FILE` when something cannot be written
 */
export function initProject(): string {
  const folder = process.cwd();
  const written: string[] = [];
  const kept: string[] = [];
  const note = (path: string, isNew: boolean): void => {
    (isNew ? written : kept).push(relative(folder, path));
  };
  const write = (path: string, text: string): void =>
    note(
      path,
      unlessThere(path, () => writeFileSync(path, text, { flag: 'wx' })),
    );
  const target = join(folder, 'scenarios');
  unlessThere(target, () => mkdirSync(target, { recursive: true }));
  for (const name of scenarios) {
    const path = join(target, `${name}.ts`);
    const source = join(PACKAGE_ROOT, 'scenarios', `${name}.ts`);
    note(
      path,
      unlessThere(path, () => copyFileSync(source, path, constants.COPYFILE_EXCL)),
    );
  }
  write(join(target, 'tsconfig.json'), `${JSON.stringify(tsconfig, null, 2)}\n`);
  // For the npm packages of the scenarios; a project that is a package itself has one already.
  if (!existsSync(join(folder, 'package.json'))) {
    const text = { name: 'my-load-tests', private: true, type: 'module', dependencies: {} };
    write(join(folder, 'package.json'), `${JSON.stringify(text, null, 2)}\n`);
  }
  write(join(folder, '.gitignore'), `${ignored.join('\n')}\n`);
  return [
    ...(written.length > 0 ? [`written: ${written.join(', ')}`] : []),
    ...(kept.length > 0 ? [`already here, and left unchanged: ${kept.join(', ')}`] : []),
    'try it with: amoc run my_scenario 1 10 --for 10s',
    '',
  ].join('\n');
}

/** @returns whether it was made; what exists already is kept. */
function unlessThere(path: string, make: () => void): boolean {
  try {
    make();
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw new AmocError('FILE', `${path} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
