/**
 * `list-tests slow`: the compiled files of those tests, one a line. `list-tests rooms FOLDER` writes for each folder
 * of `test/` a file that has all of its fast tests, and lists those files: to start a process for each test would
 * take longer than the tests.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { allTests, whyNotFast } from './fast-tests.ts';
import { ROOT } from './root.ts';

const [, , kind, folder = ''] = process.argv;
const compiled = (test: string): string => join('dist', test.replace(/\.ts$/, '.js'));
const isFast = (test: string): boolean => whyNotFast(test) === undefined;
const print = (file: string): void => void process.stdout.write(`${file}\n`);

if (kind === 'rooms') {
  const rooms = new Map<string, string[]>();
  for (const test of allTests().filter(isFast)) {
    const room = test.split(/[/.]/)[1] ?? '';
    rooms.set(room, [...(rooms.get(room) ?? []), test]);
  }
  // The largest ones first, so that none of them is alone at the end.
  for (const [room, tests] of [...rooms].sort(([, a], [, b]) => b.length - a.length)) {
    const files = [join('dist', 'test', 'support', 'few-cases.js'), ...tests.map(compiled)];
    const urls = files.map((file) => pathToFileURL(join(ROOT, file)).href);
    const file = join(folder, `${room}.test.mjs`);
    writeFileSync(file, urls.map((url) => `import '${url}';\n`).join(''));
    print(file);
  }
} else {
  for (const test of allTests()) if (!isFast(test)) print(compiled(test));
}
