import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SourceMap } from 'node:module';
import { inlineSourceMap } from '../../src/lib/text/inline-source-map.ts';
import type { CompiledScenario } from '../../src/scenario/bundle.ts';
import { ScenarioCompiler } from '../../src/scenario/compiler.ts';
import { loadBundle } from '../../src/scenario/loader.ts';
import { ROOT } from '../support/root.ts';
import { Project } from '../support/project.ts';

type Files = Record<string, string>;

/** A project with a scenario `main` and files beside it. */
function projectOf(main: string, files: Files = {}): Project {
  const project = new Project({ main });
  for (const [path, text] of Object.entries(files)) project.write(`scenarios/${path}`, text);
  return project;
}

function compile(project: Project): Promise<CompiledScenario> {
  return new ScenarioCompiler(join(project.folder, 'scenarios'), ROOT).compile('main');
}

async function load(project: Project): Promise<Record<string, unknown>> {
  return loadBundle(await compile(project), {
    packageRoot: ROOT,
    scenariosFolder: join(project.folder, 'scenarios'),
    cacheFolder: join(project.folder, 'cache'),
  });
}

/** What `start()` of a scenario gives when it has travelled. */
async function result(main: string, files: Files = {}): Promise<unknown> {
  using project = projectOf(main, files);
  const module = await load(project);
  return await (module['start'] as () => unknown)();
}

async function refusal(main: string, files: Files = {}): Promise<string> {
  using project = projectOf(main, files);
  const error = await compile(project).then(
    () => assert.fail('it compiled'),
    (cause: unknown) => cause as Error,
  );
  assert.ok(!/\n\s+at /.test(error.message), error.message);
  return error.message;
}

const two = { 'lib/util.ts': 'export const two: number = 2;\n' };

describe('the imports of a scenario', () => {
  for (const [what, before] of [
    [
      'a regular expression with a backtick',
      'export const tick = (t: string) => t.replace(/`/g, "");',
    ],
    ['one with a quote and a slash in a class', `export const quote = /['"/\`]/;`],
    ['a division that looks like one', 'const a = 4, g = 2; export const b = a / 2 / g; // `'],
    ['a template with a template in it', 'export const t = `${`a${1}`}`;'],
    ['a comment with an apostrophe', "// it's\n/* ` */"],
    ['a generic arrow and a cast', 'export const f = <T,>(x: T): T => <T>x;'],
  ] as const) {
    it(`are found after ${what}`, async () => {
      const main = `${before}\nexport async function start() { const { two } = await import('./lib/util.js'); return two; }\n`;
      assert.equal(await result(main, two), 2);
    });
  }

  it('are not those that texts, comments and regular expressions show', async () => {
    const main = [
      'const tick = /`/;',
      'const page = `\n<script type="module">\nimport { draw } from \'./draw.js\';\n</script>`;',
      "// import './gone.js'",
      "/* export * from './gone.js'; */",
      `const text = "import('./gone.js')";`,
      "const expression = /import('.\\/gone.js')/;",
      'export const start = () => [tick, page, text, expression].length;',
    ].join('\n');
    assert.equal(await result(main), 4);
  });

  it('are found in each form that there is', async () => {
    const main = [
      "import value, { one as uno, type T } from './lib/all.js';",
      "import * as all from './lib/all.js';",
      "export * from './lib/all.js';",
      "export * as again from './lib/all.js';",
      "export { one } from './lib/all.js';",
      "import './lib/effect.js';",
      "import { sep } from 'node:path';",
      "import fs from 'fs';",
      'export async function start() {',
      '  const t: T = 1;',
      '  const plain = await import(`./lib/plain.js`);',
      "  const chosen = await import(t > 0 ? './lib/plain.js' : './lib/other.js');",
      '  const os = await import("node:os");',
      '  const seen = (globalThis as { seen?: number }).seen;',
      '  return [value, uno, all.one, plain.p, chosen.p, seen, sep, typeof fs.readFileSync, typeof os.EOL];',
      '}',
    ].join('\n');
    const files = {
      'lib/all.ts': 'export type T = number;\nexport const one = 1;\nexport default 0;\n',
      'lib/effect.ts': '(globalThis as { seen?: number }).seen = 7;\nexport {};\n',
      'lib/plain.ts': 'export const p: string = "p";\n',
      'lib/other.ts': 'export const p: string = "o";\n',
    };
    assert.deepEqual(await result(main, files), [0, 1, 1, 'p', 'p', 7, '/', 'function', 'string']);
  });

  it('of types demand no package and no file when it runs', async () => {
    using project = projectOf(
      [
        "import type { Circle } from 'shapes';",
        "import { type Circle as Round } from 'shapes';",
        "import { Named } from './lib/types.js';",
        "import type * as all from './lib/only.js';",
        "type Inline = import('./lib/only.js').Only;",
        "export type { Circle } from 'shapes';",
        'export function start() { const c: Circle & Round = { r: 1 }; const n: Named = { name: "n" }; const o: all.Only & Inline = 3; return [c.r, n.name, o]; }',
      ].join('\n'),
      {
        'node_modules/@types/shapes/package.json': '{"name":"@types/shapes","types":"index.d.ts"}',
        'node_modules/@types/shapes/index.d.ts': 'export interface Circle { r: number }\n',
        'lib/types.d.ts': 'export interface Named { name: string }\n',
        'lib/only.ts': 'export type Only = number;\n',
      },
    );
    const bundle = await compile(project);
    assert.deepEqual(bundle.packages, []);
    assert.deepEqual(
      bundle.files.map(({ path }) => path),
      ['main.js'],
    );
    const module = await load(project);
    assert.deepEqual((module['start'] as () => unknown)(), [1, 'n', 3]);
  });

  it('of types are checked as well', async () => {
    const said = await refusal(
      "import type { T } from './lib/t.js';\nexport const start = (t: T) => t;\n",
      { 'lib/t.ts': 'export type T = number;\nexport const wrong: T = "x";\n' },
    );
    assert.match(said, /scenarios\/lib\/t\.ts:2:14 TS2322/);
  });

  it('name a package that only types are there of only when it is used as code', async () => {
    using project = projectOf(
      "import { Circle, draw } from 'shapes';\nexport const start = (c: Circle) => draw(c);\n",
      {
        'node_modules/@types/shapes/package.json': '{"name":"@types/shapes","types":"index.d.ts"}',
        'node_modules/@types/shapes/index.d.ts':
          'export interface Circle { r: number }\nexport function draw(c: Circle): void;\n',
      },
    );
    await assert.rejects(load(project), /run: npm install shapes -w scenarios/);
  });

  it('may be of any kind of file that Node.js runs as a module', async () => {
    const main = [
      "import { js } from './lib/four.js';",
      "import { mts } from './lib/mm.mjs';",
      "import { same } from './lib/mm.mts';",
      "import { mjs } from './lib/plain.mjs';",
      "import { typed } from './lib/typed.js';",
      "import { bare } from './lib/bare';",
      "import { index } from './lib/folder';",
      'export const start = () => [js, mts, same, mjs, typed satisfies number, bare, index];',
    ].join('\n');
    const files = {
      'lib/four.js':
        "import { deep } from './deep.js';\n/** @type {number} */\nexport const js = deep;\n",
      'lib/deep.ts': 'export const deep: number = 4;\n',
      'lib/mm.mts': 'export const mts: string = "mts";\nexport const same = mts;\n',
      'lib/plain.mjs': 'export const mjs = "mjs";\n',
      'lib/typed.js': 'export const typed = 5;\n',
      'lib/typed.d.ts': 'export declare const typed: number;\n',
      'lib/bare.ts': 'export const bare = "bare";\n',
      'lib/folder/index.ts': 'export const index = "index";\n',
    };
    assert.deepEqual(await result(main, files), [4, 'mts', 'mts', 'mjs', 5, 'bare', 'index']);
  });

  for (const [what, specifier, files, expected] of [
    ['TSX', './page.js', { 'page.tsx': 'export {};' }, /imports '\.\/page\.js', which is TSX/],
    ['CommonJS', './old.cjs', { 'old.cjs': '' }, /imports '\.\/old\.cjs', which is CommonJS/],
    [
      'types alone',
      './t.js',
      { 't.d.ts': 'export const a: 1;' },
      /which has only types \(t\.d\.ts\)/,
    ],
    [
      'a folder',
      './lib',
      { 'lib/a.ts': '' },
      /which is a folder without an index\.ts; name a file/,
    ],
    [
      'a text',
      './names.csv',
      { 'names.csv': '' },
      /which is not code; export const files = \['\.\/names\.csv'\]/,
    ],
    ['a wrong extension', './utils.mjs', { 'utils.ts': '' }, /did you mean '\.\/utils\.js'\?/],
    [
      'a misspelt name',
      './lib/word.js',
      { 'lib/words.ts': '' },
      /did you mean '\.\/lib\/words\.js'\?/,
    ],
    ['an absolute path', '/etc/x.js', {}, /imports '\/etc\/x\.js', which is absolute/],
    ['a URL of a file', 'file:///etc/x.js', {}, /which is absolute/],
    ['a URL', 'https://example.org/x.js', {}, /which Node\.js does not load from a network/],
    ['an alias', '#lib', {}, /which is an alias of a package\.json/],
    ['no name of a package', '../../x/../y', {}, /which is outside scenarios/],
    ['a package above', '@x/../../y', {}, /which is not the name of an npm package/],
    ['an unknown built-in', 'node:nothing', {}, /which Node\.js does not have/],
    [
      'a hidden file',
      './.hidden.js',
      { '.hidden.ts': 'export {};' },
      /has a name that begins with a dot/,
    ],
    ['a package.json', './package.json', { 'package.json': '{}' }, /is a package\.json/],
    [
      'what npm has installed',
      './node_modules/a/b.js',
      { 'node_modules/a/b.ts': 'export {};' },
      /is in node_modules/,
    ],
  ] as [string, string, Files, RegExp][]) {
    it(`of ${what} are refused in a sentence`, async () => {
      const main = `// @ts-ignore\nimport '${specifier}';\nexport function start() {}\n`;
      assert.match(await refusal(main, files), expected);
    });
  }

  it('whose file is chosen at run time are refused when nothing that travels can be meant', async () => {
    for (const argument of [
      "'./lib/' + name + '.js'",
      '`./lib/${name}.js`',
      "('./lib/' + name)",
      "'./lib/' + name + '.ts'",
    ]) {
      const said = await refusal(
        `const name: string = 'util';\n\nexport const start = () => import(${argument});\n`,
      );
      assert.match(
        said,
        /^scenarios\/main\.ts:3: import\('\.\/lib\/' …\) is known only at run time/,
      );
      assert.match(said, /write one import\('\.\/lib\/NAME\.js'\) for each file/);
    }
    // One that travels anyway may be meant.
    const main =
      "import './lib/util.js';\nconst name: string = 'util';\nexport const start = async () => (await import('./lib/' + name + '.js')).two;\n";
    assert.equal(await result(main, two), 2);
    // A package is for the machine of the slave to know.
    const builtIn =
      "const name: string = 'os';\nexport const start = async () => typeof (await import('node:' + name)).EOL;\n";
    assert.equal(await result(builtIn), 'string');
  });

  it('of names in any script, with blanks and signs, travel', async () => {
    const names = [
      'größe',
      '日本',
      'a b',
      'x+y',
      '[id]',
      'a..b',
      'c#d',
      '100%',
      '%20',
      "it's",
      'q?',
      'é',
      'e\u0301',
    ];
    const main = [
      ...names.map(
        (name, at) => `import { k as k${at} } from ${JSON.stringify(`./lib x/${name}.js`)};`,
      ),
      `export const start = () => [${names.map((_, at) => `k${at}`).join()}];`,
    ].join('\n');
    const files = Object.fromEntries(
      names.map((name) => [
        `lib x/${name}.ts`,
        `export const k: string = ${JSON.stringify(name)};\n`,
      ]),
    );
    assert.deepEqual(await result(main, files), names);
  });

  it('leave the places of errors as they were', async () => {
    const line =
      "export async function start() { const { two } = await import('./lib/util'); const d = await import('./d.json', { with: { type: 'json' } }); throw new Error(String(two) + d.default.a); }";
    using project = projectOf(`${line}\n`, { ...two, 'd.json': '{"a":1}' });
    const { code } = (await compile(project)).files.find(({ path }) => path === 'main.js')!;
    const map = inlineSourceMap(code)!;
    const generated = code.split('\n');
    const at = generated.findIndex((each) => each.includes('new Error'));
    const entry = new SourceMap(map as never).findEntry(at, generated[at]!.indexOf('new Error'));
    assert.ok('originalColumn' in entry);
    assert.deepEqual([entry.originalLine, entry.originalColumn], [0, line.indexOf('new Error')]);
  });

  it('from a file with # and % in its name show its place', async () => {
    using project = projectOf("export { start } from './a#b%20.js';\n", {
      'a#b%20.ts': "\nexport const start = (): never => {\n  throw new Error('here');\n};\n",
    });
    const module = await load(project);
    process.setSourceMapsEnabled(true);
    try {
      assert.throws(module['start'] as () => never, (error: Error) => {
        assert.match(error.stack!, /scenarios\/a%23b%2520\.ts:3:9/);
        return true;
      });
    } finally {
      process.setSourceMapsEnabled(false);
    }
  });
});

describe('JSON that a scenario imports', () => {
  const json = '{ "list": [1, 2], "two words": true, "default": 5, "class": "c" }';

  it('travels, with an attribute and without one', async () => {
    const main = [
      "import one from './data.json' with { type: 'json' };",
      "import two, { list } from './data.json';",
      "import * as all from './data.json';",
      "export { default as three } from './data.json' with { type: 'json' };",
      'export async function start() {',
      "  const four = await import('./data.json', { with: { type: 'json' } });",
      '  return [one === two, four.default === one, list, all["two words"], Object.keys(one)];',
      '}',
    ].join('\n');
    assert.deepEqual(await result(main, { 'data.json': json }), [
      true,
      true,
      [1, 2],
      true,
      ['list', 'two words', 'default', 'class'],
    ]);
  });

  it('is a file beside the module as well', async () => {
    const main = [
      "import { readFileSync } from 'node:fs';",
      "import './lib/ä #.json';",
      "export const start = () => readFileSync(new URL('./lib/ä%20%23.json', import.meta.url), 'utf8');",
    ].join('\n');
    assert.equal(await result(main, { 'lib/ä #.json': '\uFEFF[1]' }), '[1]');
  });

  it('may have the name of a module', async () => {
    const main =
      "import data from './a.json';\nimport { code } from './a.json.js';\nexport const start = () => [data, code];\n";
    const files = { 'a.json': '[1]', 'a.json.ts': 'export const code = 2;\n' };
    assert.deepEqual(await result(main, files), [[1], 2]);
  });

  it('that is not JSON is named', async () => {
    assert.match(
      await refusal("// @ts-ignore\nimport './bad.json';\nexport function start() {}\n", {
        'bad.json': '{ "a": }',
      }),
      /scenarios\/bad\.json is not JSON: /,
    );
  });

  it('shows the new contents after a change', async () => {
    using project = projectOf("import data from './a.json';\nexport const start = () => data;\n", {
      'a.json': '1',
    });
    const read = async (): Promise<unknown> => ((await load(project))['start'] as () => unknown)();
    assert.equal(await read(), 1);
    writeFileSync(join(project.folder, 'scenarios/a.json'), '2');
    assert.equal(await read(), 2);
  });
});
