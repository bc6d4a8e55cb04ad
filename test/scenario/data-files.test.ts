import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ScenarioCompiler } from '../../src/scenario/compiler.ts';
import { CompileCache } from '../../src/scenario/compile-cache.ts';
import { ROOT } from '../support/root.ts';
import { Project } from '../support/project.ts';

/** A scenario that declares files. */
const declaring = (list: string): string =>
  `import type { Files } from 'amoc';\nexport const files = ${list} satisfies Files;\nexport function start() {}\n`;

function compilerOf(project: Project): ScenarioCompiler {
  return new ScenarioCompiler(join(project.folder, 'scenarios'), ROOT);
}

async function refusal(main: string, prepare: (project: Project) => void): Promise<string> {
  using project = new Project({ main });
  prepare(project);
  const error = await compilerOf(project)
    .compile('main')
    .then(
      () => assert.fail('it compiled'),
      (cause: unknown) => cause as Error,
    );
  return error.message;
}

const nothing = (): void => {};

describe('files of data', () => {
  it('travel when the scenario declares them, whatever their names', async () => {
    using project = new Project({
      main: declaring("['./names.csv', './daten/größe #1.txt', './names.csv']"),
    });
    project.write('scenarios/names.csv', '\uFEFFann\r\nbob\n');
    project.write('scenarios/daten/größe #1.txt', '10 %');
    const { data, hash } = await compilerOf(project).compile('main');
    assert.deepEqual(data, [
      { path: 'names.csv', text: 'ann\r\nbob\n' },
      { path: 'daten/größe #1.txt', text: '10 %' },
    ]);
    project.write('scenarios/names.csv', 'carl\n');
    assert.notEqual((await compilerOf(project).compile('main')).hash, hash);
  });

  for (const [what, list, prepare, expected] of [
    ['is missing', "['./nmes.csv']", nothing, /^scenarios\/nmes\.csv does not exist$/],
    [
      'is outside',
      "['./../secret.csv']",
      nothing,
      /main\.ts:2: '\.\/\.\.\/secret\.csv' cannot travel: it is outside scenarios\/$/,
    ],
    ['is hidden', "['./.env']", nothing, /cannot travel: it has a name that begins with a dot/],
    [
      'is a folder',
      "['./lib']",
      (p) => mkdirSync(join(p.folder, 'scenarios/lib')),
      /^scenarios\/lib is a folder; name the files in it$/,
    ],
    [
      'is a pipe',
      "['./pipe']",
      (p) => execFileSync('mkfifo', [join(p.folder, 'scenarios/pipe')]),
      /^scenarios\/pipe is not a file$/,
    ],
    [
      'is not UTF-8',
      "['./a.csv']",
      (p) =>
        writeFileSync(join(p.folder, 'scenarios/a.csv'), Buffer.from('ok\nM\xfcller\n', 'latin1')),
      /^scenarios\/a\.csv is not UTF-8 in line 2; save it as UTF-8$/,
    ],
    [
      'is UTF-16',
      "['./a.csv']",
      (p) => writeFileSync(join(p.folder, 'scenarios/a.csv'), Buffer.from('\uFEFFann', 'utf16le')),
      /^scenarios\/a\.csv is UTF-16; save it as UTF-8$/,
    ],
    [
      'is code of the scenario',
      "['./main.js']",
      (p) => p.write('scenarios/main.js', ''),
      /^scenarios\/main\.js is code of the scenario/,
    ],
    [
      'is named at run time',
      "[`./${'a'}.csv`]",
      nothing,
      /^scenarios\/main\.ts:2: files must be a list of literal paths/,
    ],
  ] as [string, string, (project: Project) => void, RegExp][]) {
    it(`are refused in a sentence when one ${what}`, async () => {
      assert.match(await refusal(declaring(list), prepare), expected);
    });
  }

  it('are refused when the list comes from elsewhere', async () => {
    const main = "export { files } from './lib/files.js';\nexport function start() {}\n";
    const said = await refusal(main, (project) =>
      project.write('scenarios/lib/files.ts', "export const files = ['./a'];\n"),
    );
    assert.match(said, /^scenarios\/main\.ts:1: files must be a list of literal paths/);
  });

  it('are measured before they are read', async () => {
    // A file with a hole: 1 TiB, and no room on the disk.
    const grow = (name: string, size: number) => (project: Project) => {
      truncateSync(project.write(`scenarios/${name}`, ''), size);
    };
    assert.match(
      await refusal(declaring("['./huge.csv']"), grow('huge.csv', 2 ** 40)),
      /^the files of data are too large: scenarios\/huge\.csv has 1048576\.0 MiB; at most 8\.0 MiB/,
    );
    assert.match(
      await refusal(
        "import a from './huge.json';\nexport const start = () => a;\n",
        grow('huge.json', 2 ** 40),
      ),
      /scenarios\/huge\.json has 1048576\.0 MiB/,
    );
    assert.match(
      await refusal(declaring("['./a.csv', './b.csv']"), (project) => {
        grow('a.csv', 5 * 2 ** 20)(project);
        grow('b.csv', 4 * 2 ** 20)(project);
      }),
      /scenarios\/a\.csv has 5\.0 MiB, scenarios\/b\.csv has 4\.0 MiB; at most 8\.0 MiB/,
    );
  });

  it('are refused when they would not fit into a message', async () => {
    // Each NUL is six bytes of JSON.
    const said = await refusal(declaring("['./a.bin']"), (project) =>
      truncateSync(project.write('scenarios/a.bin', ''), 4 * 2 ** 20),
    );
    assert.match(
      said,
      /^main has 24\.0 MiB, together with the files that travel with it; at most 15 MiB can travel$/,
    );
  });

  it('are not kept twice, and a change of one is seen', async () => {
    using project = new Project({ main: declaring("['./names.csv']") });
    project.write('cache/.keep', '');
    project.write('scenarios/names.csv', '\uFEFFann');
    const cache = new CompileCache({
      folder: join(project.folder, 'scenarios'),
      packageRoot: ROOT,
      cacheFolder: join(project.folder, 'cache'),
    });
    const built = await compilerOf(project).build('main');
    cache.keep('main', built);
    assert.deepEqual(cache.find('main'), built.scenario);
    project.write('scenarios/names.csv', 'bob');
    assert.equal(cache.find('main'), undefined);
  });
});

describe('a run with files of data', () => {
  const main = [
    "import { readFileSync } from 'node:fs';",
    "import type { Files, RunContext, User } from 'amoc';",
    "import accounts from './accounts.json' with { type: 'json' };",
    "import { twice } from './lib/größe [1].js';",
    "export const files = ['./names.csv', './more.json'] satisfies Files;",
    'export function init(context: RunContext) {',
    '  let said = "";',
    "  try { context.text('./nmaes.csv'); } catch (error) { said = String(error); }",
    "  const here = readFileSync(new URL('./names.csv', import.meta.url), 'utf8');",
    "  return { names: context.text('./names.csv').trim().split('\\n'), more: context.json('more.json'), same: here === context.text('names.csv'), said };",
    '}',
    'export async function start(id: number, user: User, state: { names: string[]; more: unknown; same: boolean; said: string }) {',
    '  user.log.info(`row ${id} ${user.row(state.names)} ${user.row(accounts).name} ${JSON.stringify(state.more)} ${state.same} ${twice(id)} ${state.said}`);',
    '}',
  ].join('\n');

  it('gives each user its row, in every process', async () => {
    using project = new Project({ main });
    project.write('scenarios/names.csv', '\uFEFFann\nbob\ncarl\n');
    project.write('scenarios/more.json', '{"a":1}');
    project.write('scenarios/accounts.json', '[{ "name": "first" }, { "name": "second" }]');
    project.write('scenarios/lib/größe [1].ts', 'export const twice = (n: number) => 2 * n;\n');
    const { code, out, err } = await project.amoc(
      ['run', 'main', '1', '4', '--settings', 'repeatCount=1'],
      { env: { AMOC_INTERARRIVAL: '1ms' } },
    );
    assert.equal(code, 0, err);
    const all = `${out}${err}`;
    for (const row of [
      'row 1 ann first {"a":1} true 2 ',
      'row 2 bob second {"a":1} true 4 ',
      'row 3 carl first',
      'row 4 ann second',
    ]) {
      assert.ok(all.includes(row), `${row}\n${all}`);
    }
    assert.match(
      all,
      /text: no file "\.\/nmaes\.csv" travels with main; did you mean '\.\/names\.csv'\?/,
    );
    assert.ok(!all.includes('ExperimentalWarning'), all);
  });
});
