import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { requests } from '../../src/protocol/messages.ts';
import { hashOf } from '../../src/scenario/bundle.ts';
import type { CompiledScenario } from '../../src/scenario/bundle.ts';
import { loadBundle } from '../../src/scenario/loader.ts';
import { ROOT } from '../support/root.ts';
import { Project } from '../support/project.ts';

/** A bundle with the hash that it should have. */
function bundleOf(parts: Partial<CompiledScenario> = {}): CompiledScenario {
  const content = {
    name: 'main',
    files: [{ path: 'main.js', code: 'export const start = () => 1;\n' }],
    packages: [],
    ...parts,
  };
  return { ...content, hash: parts.hash ?? hashOf(content) };
}

const placesOf = (project: Project) => ({
  packageRoot: ROOT,
  scenariosFolder: join(project.folder, 'scenarios'),
  cacheFolder: join(project.folder, 'cache'),
});

const parsed = (scenario: CompiledScenario): boolean =>
  requests.prepare.params.safeParse({
    run: 'r',
    scenario,
    seed: 1,
    file: {},
    environment: {},
    call: {},
  }).success;

const code = '';

describe('the loader', () => {
  it('refuses contents that do not have the hash which they are sent under', async () => {
    using project = new Project();
    const places = placesOf(project);
    const first = bundleOf();
    await loadBundle(first, places);
    for (const other of [
      { files: [{ path: 'main.js', code: 'export const start = () => 2;\n' }] },
      { packages: ['amoc'] },
      { data: [{ path: 'a.csv', text: '' }] },
    ]) {
      await assert.rejects(loadBundle({ ...first, ...other }, places), {
        code: 'SCENARIO',
        message:
          /^the compiled scenario main is refused: its contents have the hash [0-9a-f]{32}, not /,
      });
    }
  });

  for (const path of [
    '../x.js',
    'a/../../x.js',
    '/etc/x.js',
    './x.js',
    'a//x.js',
    '..\\x.js',
    'a\0.js',
    'a\n.js',
    'a\u2028.js',
    '\ud800.js',
    '.ssh/x.js',
    '%2e%2e/x.js',
    'node_modules/amoc/x.js',
    `${'x'.repeat(300)}.js`,
    `${'x/'.repeat(600)}x.js`,
  ]) {
    it(`refuses the path ${JSON.stringify(path).slice(0, 40)}, on the wire and by itself`, async () => {
      using project = new Project();
      const { files } = bundleOf();
      const outside = bundleOf({ files: [...files, { path, code }] });
      assert.equal(parsed(outside), false);
      await assert.rejects(loadBundle(outside, placesOf(project)), { code: 'SCENARIO' });
      const data = bundleOf({ data: [{ path: path.replace(/js$/, 'csv'), text: '' }] });
      assert.equal(parsed(data), false);
      await assert.rejects(loadBundle(data, placesOf(project)), { code: 'SCENARIO' });
      assert.ok(!existsSync(join(project.folder, 'cache')));
    });
  }

  for (const name of [
    '../../../../escape',
    '..',
    '.bin',
    '/etc',
    'a/b',
    '@a',
    '@a/../b',
    '',
    '-g',
    'node_modules',
  ]) {
    it(`refuses ${JSON.stringify(name)} as the name of a package`, async () => {
      using project = new Project();
      const bundle = bundleOf({ packages: [name] });
      assert.equal(parsed(bundle), false);
      await assert.rejects(
        loadBundle(bundle, placesOf(project)),
        /is not the name of an npm package/,
      );
    });
  }

  it('takes every plain path and package', () => {
    const paths = [
      'größe.js',
      'a b/[id]+.mjs',
      'a..b.js',
      '100%.js',
      'c#d.js',
      '日本/语.js',
      'it’s.js',
    ];
    const files = paths.map((path) => ({ path, code }));
    const packages = ['ltx', '@xmpp/client', 'JSONStream', 'lodash.merge', 'a_b', '7zip'];
    assert.equal(parsed(bundleOf({ files, packages })), true);
  });

  it('serves processes that load one bundle at the same moment, also where it has to be put right', async () => {
    using project = new Project();
    const places = placesOf(project);
    const files = Array.from({ length: 40 }, (_, at) => ({
      path: `part${at}.js`,
      code: `export const part = ${at};\n`,
    }));
    const main = files.map(({ path }, at) => `import { part as p${at} } from './${path}';\n`);
    const bundle = bundleOf({
      files: [
        { path: 'main.js', code: `${main.join('')}export const start = () => p39;\n` },
        ...files,
      ],
    });
    const program = project.write(
      'load.mjs',
      `import { loadBundle } from ${JSON.stringify(join(ROOT, 'dist/src/scenario/loader.js'))};
       const { start } = await loadBundle(${JSON.stringify(bundle)}, ${JSON.stringify(places)});
       process.exit(start() === 39 ? 0 : 1);`,
    );
    const loaded = (): Promise<number | null>[] =>
      Array.from({ length: 4 }, async () => {
        const child = project.startProgram([process.execPath, program], project.env);
        let said = '';
        child.stderr.on('data', (data) => (said += String(data)));
        const [exitCode] = (await once(child, 'close')) as [number | null];
        assert.equal(exitCode, 0, said);
        return exitCode;
      });
    await Promise.all(loaded());
    writeFileSync(join(places.cacheFolder, bundle.hash, 'part7.js'), 'damaged');
    await Promise.all(loaded());
  });

  it('puts right what has been changed or removed under the hash', async () => {
    for (const harm of [
      (file: string) => writeFileSync(file, 'export const start = () => "changed";\n'),
      (file: string) => rmSync(file),
      (file: string) => rmSync(join(file, '..', 'package.json')),
      (file: string) => rmSync(join(file, '..', 'node_modules'), { recursive: true }),
    ]) {
      using project = new Project();
      const places = placesOf(project);
      const files = [{ path: 'main.js', code: 'export const start = () => "right";\n' }];
      const bundle = bundleOf({ files, packages: ['amoc'] });
      const file = join(places.cacheFolder, bundle.hash, 'main.js');
      await loadBundle(bundle, places);
      harm(file);
      await loadBundle(bundle, places);
      assert.equal(readFileSync(file, 'utf8'), files[0]!.code);
      assert.ok(existsSync(join(file, '..', 'package.json')));
      assert.ok(existsSync(join(file, '..', 'node_modules/amoc/package.json')));
    }
  });
});
