import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { listScenarios } from '../../src/scenario/catalogue.ts';
import { ScenarioCompiler } from '../../src/scenario/compiler.ts';
import { checkScenario } from '../../src/scenario/contract.ts';
import { loadBundle } from '../../src/scenario/loader.ts';
import { ROOT } from '../support/root.ts';
import { Project } from '../support/project.ts';

const start = `import type { User } from 'amoc';\nexport async function start(id: number, user: User) { await user.sleep(1); return id; }\n`;

function compilerOf(project: Project): ScenarioCompiler {
  return new ScenarioCompiler(join(project.folder, 'scenarios'), ROOT);
}

function placesOf(project: Project) {
  return {
    packageRoot: ROOT,
    scenariosFolder: join(project.folder, 'scenarios'),
    cacheFolder: join(project.folder, 'cache'),
  };
}

describe('the compiler', () => {
  it('lists what is there', () => {
    using project = new Project({ b: start, a: start });
    project.write('scenarios/not-a-name.ts', '');
    project.write('scenarios/types.d.ts', '');
    assert.deepEqual(listScenarios(join(project.folder, 'scenarios')), ['a', 'b']);
    assert.deepEqual(listScenarios('/nowhere'), []);
  });

  it('compiles the scenarios that are shipped', async () => {
    const compiler = new ScenarioCompiler(join(ROOT, 'scenarios'), ROOT);
    const names = listScenarios(join(ROOT, 'scenarios'));
    assert.ok(names.length >= 5);
    for (const name of names) {
      const bundle = await compiler.compile(name);
      assert.deepEqual(
        bundle.packages,
        ['amoc'].filter((each) => bundle.packages.includes(each)),
      );
    }
  });

  it('shows a mistake with its place and its line', async () => {
    using project = new Project({
      broken: `import { chatTo } from 'amoc';\n\nexport const m = chatTo(1 + 1, 'hello');\n`,
    });
    await assert.rejects(compilerOf(project).compile('broken'), (error: Error) => {
      assert.match(
        error.message,
        /^scenarios\/broken\.ts does not compile\nscenarios\/broken\.ts:3:25 TS2345: Argument of type 'number' is not assignable to parameter of type 'string'\.\n3 \| export const m = chatTo\(1 \+ 1, 'hello'\);\n {2}\| {25}\^{5}$/,
      );
      return true;
    });
  });

  it('shows the mistakes of every file at once', async () => {
    using project = new Project({
      broken: `import { x } from './lib/x';\nexport const n: number = x;\nexport function start() {}\n`,
    });
    project.write('scenarios/lib/x.ts', `export const x: string = 5;\n`);
    await assert.rejects(compilerOf(project).compile('broken'), (error: Error) => {
      return (
        /lib\/x\.ts:1:14 TS2322/.test(error.message) && /broken\.ts:2:14 TS2322/.test(error.message)
      );
    });
  });

  it('follows relative imports, and picks up a change of any of them', async () => {
    using project = new Project({
      main: `import { word } from './lib/word';\nexport { other } from './lib/other.ts';\nexport function start() { return word; }\n`,
    });
    project.write('scenarios/lib/word.ts', `export const word: string = 'first';\n`);
    project.write(
      'scenarios/lib/other.ts',
      `import { word } from './word.js';\nexport const other: string = word + '!';\n`,
    );
    const compiler = compilerOf(project);
    const load = async (): Promise<unknown[]> => {
      const module = await loadBundle(await compiler.compile('main'), placesOf(project));
      return [(module['start'] as () => unknown)(), module['other']];
    };
    assert.deepEqual(await load(), ['first', 'first!']);
    project.write('scenarios/lib/word.ts', `export const word: string = 'second';\n`);
    assert.deepEqual(await load(), ['second', 'second!']);
  });

  for (const [name, message] of [
    ['../../etc/passwd', /is not a valid scenario name/],
    ['a/b', /is not a valid scenario name/],
    ['', /is not a valid scenario name/],
    ['main.ts', /is not a valid scenario name/],
    ['mian', /no scenario 'mian' in scenarios\/; did you mean 'main'\?/],
  ] as const) {
    it(`refuses '${name}'`, async () => {
      using project = new Project({ main: start });
      await assert.rejects(compilerOf(project).compile(name), { code: 'SCENARIO', message });
    });
  }

  it('refuses imports from outside, and those that do not exist', async () => {
    using project = new Project({
      outside: `import '../../secret';\nexport function start() {}\n`,
      missing: `import './nowhere';\nexport function start() {}\n`,
    });
    await assert.rejects(
      compilerOf(project).compile('outside'),
      /scenarios\/outside\.ts imports '..\/..\/secret', which is outside scenarios/,
    );
    await assert.rejects(
      compilerOf(project).compile('missing'),
      /imports '\.\/nowhere', which does not exist/,
    );
  });

  it('names the npm packages that a process needs and lacks', async () => {
    using project = new Project({
      needs: `// @ts-ignore\nimport 'left-pad-of-nobody';\nexport function start() {}\n`,
    });
    const bundle = await compilerOf(project).compile('needs');
    assert.deepEqual(bundle.packages, ['left-pad-of-nobody']);
    await assert.rejects(
      loadBundle(bundle, placesOf(project)),
      /npm package 'left-pad-of-nobody' is not installed here; run: npm install left-pad-of-nobody -w scenarios/,
    );
  });

  it('finds packages that are installed beside the scenarios', async () => {
    using project = new Project({
      uses: `// @ts-ignore\nimport { value } from 'mine';\nexport function start() { return value; }\n`,
    });
    project.write(
      'scenarios/node_modules/mine/package.json',
      '{"name":"mine","type":"module","main":"index.js"}',
    );
    project.write('scenarios/node_modules/mine/index.js', 'export const value = 42;');
    const module = await loadBundle(await compilerOf(project).compile('uses'), placesOf(project));
    assert.equal((module['start'] as () => unknown)(), 42);
  });

  it('says what a module throws while it loads', async () => {
    using project = new Project({
      throws: `throw new Error('no luck');\nexport function start() {}\n`,
    });
    await assert.rejects(
      loadBundle(await compilerOf(project).compile('throws'), placesOf(project)),
      /throws failed to load: no luck/,
    );
  });

  it('does not follow a link out of the folder for its name', async () => {
    using project = new Project();
    symlinkSync('/etc/hostname', join(project.folder, 'scenarios', 'link.ts'));
    await assert.rejects(compilerOf(project).compile('link'));
  });
});

describe('checkScenario', () => {
  for (const [exports, message] of [
    [{}, /s has no start; add: export async function start/],
    [{ start: 5 }, /'start' must be a function, it is number/],
    [{ start() {}, init: {} }, /'init' must be a function/],
    [{ start() {}, connectionsPerUser: -1 }, /connectionsPerUser must be a number from 0/],
    [{ start() {}, variables: 7 }, /'variables' must be an object/],
  ] as const) {
    it(`says what is wrong: ${String(message)}`, () => {
      assert.throws(() => checkScenario('s', exports as Record<string, unknown>), {
        code: 'SCENARIO',
        message,
      });
    });
  }
});
