/**
 * Removes from a release what is not needed to run it: source maps, documentation, builds for browsers and for
 * other module systems, parts of the TypeScript package that are neither the compiler nor its library.
 */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const [, , root = ''] = process.argv;
const modules = join(root, 'node_modules');

/** Folders below node_modules to remove. */
const folders = [
  /^typescript\/(bin|loc|lib\/[a-z]{2}(-[a-z]{2,4})?)$/i,
  /^@opentelemetry\/[^/]+\/build\/(esm|esnext)$/,
  /^zod\/(src|mini)$/,
  /^bintrees\/(test|dist)$/,
  /^uplot\/(src|dist\/uPlot\.(esm|cjs))$/,
  /^acorn\/dist\/.*\.mts$/,
  /^(@[^/]+\/)?[^/]+\/(test|tests|__tests__|docs?|examples?|benchmarks?|coverage|\.github)$/,
  /^\.bin$/,
];
const files = [
  /\.(map|test\.js)$/,
  /\.(md|markdown|flow|tsbuildinfo)$/i,
  /(^|\/)(CHANGELOG|HISTORY|AUTHORS|\.npmignore|\.eslintrc.*|\.travis\.yml|\.editorconfig|tsconfig\.build\.json)$/i,
  /^typescript\/lib\/(_tsc|tsc|_tsserver|tsserver|tsserverlibrary|typingsInstaller|_typingsInstaller|watchGuard)\b/,
  /^\.package-lock\.json$/,
];
/** Packages with types that scenarios are checked against; the types of other packages are not needed. */
const typed =
  /^(@types\/|@xmpp\/|ltx\/|typescript\/lib\/lib|pino\/|pino-std-serializers\/|sonic-boom\/|thread-stream\/|undici-types\/)/;

const walk = (folder: string): void => {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const below = relative(modules, path);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (stats.isDirectory()) {
      if (folders.some((pattern) => pattern.test(below))) rmSync(path, { recursive: true });
      else walk(path);
    } else if (files.some((pattern) => pattern.test(below))) rmSync(path);
    else if (/\.d\.[cm]?ts$/.test(name) && !typed.test(below)) rmSync(path);
  }
};
walk(modules);

const ownMaps = (folder: string): void => {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) ownMaps(path);
    else if (name.endsWith('.map')) rmSync(path);
    else if (name.endsWith('.js')) {
      const text = readFileSync(path, 'utf8');
      const without = text.replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n');
      if (without !== text) writeFileSync(path, without);
    }
  }
};
ownMaps(join(root, 'dist'));

// A release is neither installed by npm nor developed further.
const description = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as object;
const kept = ['name', 'version', 'description', 'license', 'type', 'engines', 'exports'];
const entries = Object.entries(description).filter(([name]) => kept.includes(name));
const trimmed = { ...Object.fromEntries(entries), private: true };
writeFileSync(join(root, 'package.json'), `${JSON.stringify(trimmed, null, 2)}\n`);
rmSync(join(root, 'package-lock.json'));
const compiled = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.node'),
);
if (compiled.length > 0) throw new Error(`not for every architecture: ${compiled.join(', ')}`);
