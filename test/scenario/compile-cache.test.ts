import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inlineSourceMap } from '../../src/lib/text/inline-source-map.ts';
import { CompileCache } from '../../src/scenario/compile-cache.ts';
import { ScenarioCompiler } from '../../src/scenario/compiler.ts';
import type { CompilerPlaces } from '../../src/scenario/compiler.ts';
import { CompilerThread } from '../../src/scenario/compiler-thread.ts';
import { ROOT } from '../support/root.ts';
import { Project } from '../support/project.ts';

const main = `import { word } from './lib/word';\nexport function start() { return word; }\n`;
const word = `export const word: string = 'first';\n`;

function projectOf(): Project {
  const project = new Project({ main });
  project.write('scenarios/lib/word.ts', word);
  project.write('cache/.keep', '');
  return project;
}

function placesOf(project: Project, cached = project): CompilerPlaces & { cacheFolder: string } {
  return {
    folder: join(project.folder, 'scenarios'),
    packageRoot: ROOT,
    cacheFolder: join(cached.folder, 'cache'),
  };
}

async function keep(project: Project): Promise<CompileCache> {
  const cache = new CompileCache(placesOf(project));
  const { folder, packageRoot } = placesOf(project);
  cache.keep('main', await new ScenarioCompiler(folder, packageRoot).build('main'));
  return cache;
}

describe('what scenarios compiled to', () => {
  it('is found again, by other processes too', async () => {
    using project = projectOf();
    assert.equal(new CompileCache(placesOf(project)).find('main'), undefined);
    await keep(project);
    const { folder, packageRoot } = placesOf(project);
    assert.deepEqual(
      new CompileCache(placesOf(project)).find('main'),
      await new ScenarioCompiler(folder, packageRoot).compile('main'),
    );
  });

  for (const [what, change] of [
    ['the scenario', (project) => project.write('scenarios/main.ts', `${main}\n`)],
    ['what it imports', (project) => project.write('scenarios/lib/word.ts', `${word}\n`)],
    ['that it is there', (project) => rmSync(join(project.folder, 'scenarios/lib/word.ts'))],
  ] as [string, (project: Project) => void][]) {
    it(`is not used once ${what} has changed`, async () => {
      using project = projectOf();
      const cache = await keep(project);
      assert.ok(cache.find('main'));
      change(project);
      assert.equal(cache.find('main'), undefined);
    });
  }

  it('is not used once a file has come that is imported instead', async () => {
    using project = projectOf();
    rmSync(join(project.folder, 'scenarios/lib/word.ts'));
    project.write('scenarios/lib/word/index.ts', word);
    const cache = await keep(project);
    assert.ok(cache.find('main'));
    project.write('scenarios/lib/word.ts', word);
    assert.equal(cache.find('main'), undefined);
  });

  it('is not used with another release, or other types', async () => {
    using project = projectOf();
    await keep(project);
    using other = new Project();
    cpSync(join(ROOT, 'package.json'), join(other.folder, 'package.json'));
    cpSync(join(ROOT, 'dist/src'), join(other.folder, 'dist/src'), { recursive: true });
    const places = { ...placesOf(project), packageRoot: other.folder };
    assert.ok(new CompileCache(places).find('main'));
    const types = join(other.folder, 'dist/src/index.d.ts');
    writeFileSync(types, `${readFileSync(types, 'utf8')}\nexport type More = 1;\n`);
    assert.equal(new CompileCache(places).find('main'), undefined);
  });

  it('is not kept when types come from npm packages or are named by directives', async () => {
    for (const source of [
      `import { Element } from 'ltx';\nexport function start() { return new Element('a'); }\n`,
      `/// <reference lib="dom" />\nexport function start() {}\n`,
      `/// <reference path="./types.d.ts" />\nexport function start() {}\n`,
    ]) {
      using project = new Project({ main: source });
      project.write('scenarios/types.d.ts', '');
      symlinkSync(join(ROOT, 'node_modules'), join(project.folder, 'scenarios/node_modules'));
      const places = { ...placesOf(project), cacheFolder: project.folder };
      const built = await new ScenarioCompiler(places.folder, ROOT).build('main');
      assert.equal(built.inputs.isOpen, true);
      const cache = new CompileCache(places);
      cache.keep('main', built);
      assert.equal(cache.find('main'), undefined);
    }
  });

  it('of a project that was copied names the files of the copy', async () => {
    using project = projectOf();
    await keep(project);
    using copy = projectOf();
    const found = new CompileCache(placesOf(copy, project)).find('main');
    const { folder, packageRoot } = placesOf(copy);
    assert.deepEqual(found, await new ScenarioCompiler(folder, packageRoot).compile('main'));
    const map = inlineSourceMap(found.files[0]!.code);
    assert.deepEqual(
      [found.files[0]!.path, map?.sources],
      ['lib/word.js', [join(copy.folder, 'scenarios/lib/word.ts')]],
    );
  });

  it('does not matter when it is broken, or cannot be written', async () => {
    using project = projectOf();
    const cache = await keep(project);
    const [name] = readdirSync(join(project.folder, 'cache')).filter((each) => each !== '.keep');
    const file = join(project.folder, 'cache', name!);
    for (const text of ['', '{', '{}', readFileSync(file, 'utf8').slice(0, 100)]) {
      writeFileSync(file, text);
      assert.equal(cache.find('main'), undefined);
    }
    await using thread = new CompilerThread({ ...placesOf(project), cacheFolder: '/dev/null' });
    const { name: compiled } = await thread.compile('main');
    assert.equal(compiled, 'main');
  });

  it('keeps the last two hundred', async () => {
    using project = projectOf();
    const cache = new CompileCache(placesOf(project));
    const { folder, packageRoot } = placesOf(project);
    const built = await new ScenarioCompiler(folder, packageRoot).build('main');
    for (let at = 0; at < 210; at++) {
      const sources = [{ path: 'main.ts', sha256: String(at) }];
      cache.keep('main', { ...built, inputs: { ...built.inputs, sources } });
    }
    assert.equal(readdirSync(join(project.folder, 'cache')).length, 200);
  });

  it('keeps the compiler from being loaded', async () => {
    using project = projectOf();
    await using first = new CompilerThread(placesOf(project));
    const compiled = await first.compile('main');
    assert.equal(first.isLoaded, true);
    await using second = new CompilerThread(placesOf(project));
    await second.warm();
    assert.deepEqual(await second.compile('main'), compiled);
    assert.equal(second.isLoaded, false);
    project.write('scenarios/other.ts', main);
    await second.warm();
    assert.equal(second.isLoaded, true);
  });
});
