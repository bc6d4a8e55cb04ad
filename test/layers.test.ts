import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { packageRootOf } from '../src/lib/system/package-root.ts';

/** ARCHITECTURE.md, Layers: a folder, and the folders that it may import from. */
const layers: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  protocol: ['lib', 'metrics', 'scenario'],
  config: ['lib'],
  metrics: ['lib'],
  record: ['lib', 'metrics'],
  drivers: ['lib', 'config', 'metrics'],
  xmpp: ['lib', 'config', 'metrics', 'drivers'],
  scenario: ['lib', 'config'],
  placement: ['lib'],
  control: ['lib', 'metrics', 'placement', 'record'],
  commands: ['lib', 'control', 'placement', 'record'],
  features: ['lib', 'metrics', 'protocol'],
  users: ['lib', 'scenario', 'metrics', 'config', 'drivers', 'features'],
  slave: ['lib', 'users', 'scenario', 'config', 'metrics', 'drivers', 'protocol', 'features'],
  master: [
    'lib',
    'control',
    'protocol',
    'placement',
    'metrics',
    'record',
    'config',
    'drivers',
    'scenario',
    'features',
  ],
  outputs: ['lib', 'config', 'metrics', 'record'],
  report: ['lib', 'metrics', 'record'],
  console: ['lib', 'control', 'commands', 'record'],
  attach: ['lib', 'console'],
  app: [
    'lib',
    'protocol',
    'config',
    'metrics',
    'drivers',
    'xmpp',
    'scenario',
    'placement',
    'record',
    'outputs',
    'report',
    'users',
    'slave',
    'control',
    'commands',
    'master',
    'console',
    'attach',
    'features',
  ],
  cli: [
    'lib',
    'app',
    'protocol',
    'config',
    'metrics',
    'drivers',
    'xmpp',
    'scenario',
    'placement',
    'record',
    'outputs',
    'report',
    'users',
    'slave',
    'control',
    'commands',
    'console',
    'attach',
  ],
};

const src = join(packageRootOf(fileURLToPath(import.meta.url)), 'src');

/** The rooms that speak no protocol: drivers bring them. */
const neutral = ['users', 'slave', 'master', 'console', 'report', 'metrics', 'record'];

/** Outside of the driver, these files alone may import a driver: the list, and commands about one by name. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  xmpp: ['index.ts', 'app/drivers.ts', 'cli/accounts.ts', 'cli/server.ts'],
  'drivers/http': ['index.ts', 'app/drivers.ts'],
};

/**
 * The files through which other rooms enter a room; a room that is not here shows every file. A room has one face for
 * each of its sides: code that needs one side does not load another one.
 */
const faces: Readonly<Record<string, readonly string[]>> = {
  master: ['mod.ts'],
  users: ['mod.ts'],
  slave: ['process.ts', 'supervision.ts', 'supervisor.ts'],
  console: [
    'shell/mod.ts',
    'shell/error-text.ts',
    'terminal/mod.ts',
    'views/mod.ts',
    'views/paint.ts',
  ],
  attach: ['answers.ts', 'client.ts', 'log-file.ts', 'node-folder.ts', 'request.ts', 'server.ts'],
  xmpp: ['mod.ts', 'driver.ts'],
  drivers: ['mod.ts', 'http/driver.ts'],
  features: ['feature.ts', 'index.ts'],
  commands: ['call.ts', 'command.ts', 'doc.ts', 'index.ts'],
  outputs: ['index.ts', 'output.ts'],
  report: ['compare.ts', 'csv.ts', 'html.ts'],
};

/** Every import of ours: file, what it imports, both relative to src, and whether it is of types only. */
const imports = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => {
    const text = `\n${readFileSync(join(src, file), 'utf8')}`;
    const specifiers = text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g);
    return [...specifiers].map(({ 1: specifier, index }) => {
      const target = relative(src, resolve(src, dirname(file), specifier as string));
      const before = text.slice(0, index);
      const begin = Math.max(before.lastIndexOf('\nimport '), before.lastIndexOf('\nexport '));
      return { file, target, isOfTypes: /^\n(?:import|export) type\b/.test(before.slice(begin)) };
    });
  });

const layerOf = (file: string): string =>
  file.includes('/') ? (file.split('/')[0] as string) : '';

describe('layers', () => {
  it('finds the imports', () => {
    assert.ok(imports.length > 200, `only ${imports.length} imports were found`);
  });

  it('knows every folder', () => {
    const folders = new Set(
      imports.map(({ file }) => layerOf(file)).filter((layer) => layer !== ''),
    );
    assert.deepEqual([...folders].sort(), Object.keys(layers).sort());
  });

  it('imports go one way', () => {
    const wrong = imports.filter(({ file, target }) => {
      const from = layerOf(file);
      const to = layerOf(target);
      // src/index.ts is what scenarios see; it belongs to no layer, and nothing imports it.
      if (from === '') return false;
      return from !== to && layers[from]?.includes(to) !== true;
    });
    assert.deepEqual(wrong, []);
  });

  it('no file but the list of drivers and a few commands imports a driver', () => {
    for (const [room, files] of Object.entries(mayImport)) {
      const from = imports
        .filter(({ file, target }) => target.startsWith(`${room}/`) && !file.startsWith(`${room}/`))
        .map(({ file }) => file);
      assert.deepEqual([...new Set(from)].sort(), [...files].sort(), room);
    }
  });

  it('no room but those of drivers speaks of XMPP', () => {
    const wrong = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((file) => neutral.includes(layerOf(file)) && /\.(?:ts|js)$/.test(file))
      .flatMap((file) => {
        const lines = readFileSync(join(src, file), 'utf8').split('\n');
        return lines.filter((line) => /xmpp|jid|stanza/i.test(line)).map((line) => [file, line]);
      });
    assert.deepEqual(wrong, []);
  });

  it('gives the features of a run to master and slave as arguments', () => {
    const given = ['master', 'slave', 'users'];
    const wrong = imports.filter(
      ({ file, target, isOfTypes }) =>
        given.includes(layerOf(file)) && layerOf(target) === 'features' && !isOfTypes,
    );
    assert.deepEqual(wrong, []);
    const lists = imports.filter(
      ({ target, isOfTypes }) => target === 'features/index.ts' && !isOfTypes,
    );
    assert.deepEqual([...new Set(lists.map(({ file }) => layerOf(file)))], ['app']);
  });

  it('enters each room through its faces', () => {
    const wrong = imports.filter(({ file, target }) => {
      const room = layerOf(target);
      const inside = target.slice(room.length + 1);
      // What scenarios import is the package's own face.
      return (
        file !== 'index.ts' && layerOf(file) !== room && faces[room]?.includes(inside) === false
      );
    });
    assert.deepEqual(wrong, []);
    const entered = new Set(imports.map(({ target }) => target));
    for (const [room, files] of Object.entries(faces)) {
      for (const face of files) assert.ok(entered.has(`${room}/${face}`), `${room}/${face}`);
    }
  });

  it('has no cycle between files', () => {
    const graph = new Map<string, string[]>();
    for (const { file, target } of imports) graph.set(file, [...(graph.get(file) ?? []), target]);
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      assert.ok(!path.includes(file), `a cycle: ${[...path, file].join(' → ')}`);
      if (done.has(file)) return;
      for (const target of graph.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of graph.keys()) visit(file, []);
  });
});
