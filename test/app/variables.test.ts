import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readSources } from '../../src/app/local-cluster.ts';
import { environmentVariables, masterSecrets } from '../../src/app/variables.ts';
import { loadEnvironmentFile, processVariables } from '../../src/config/environment.ts';
import { outputs } from '../../src/outputs/index.ts';

describe('environment variables', () => {
  const folder = mkdtempSync(join(tmpdir(), 'amoc-variables-'));
  after(() => rmSync(folder, { recursive: true }));

  it('are those of the processes and of all outputs, each declared once', () => {
    const names = [
      ...Object.keys(processVariables),
      ...outputs.flatMap(({ variables }) => Object.keys(variables)),
    ];
    assert.deepEqual(Object.keys(environmentVariables), [...names].sort());
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.length > 35);
  });

  it('that are secret are not sent to slaves, nor read from a file that others can read', () => {
    assert.ok(masterSecrets.includes('AMOC_COOKIE'));
    // What names a credential is one: an output that forgets to say so fails here.
    for (const name of Object.keys(environmentVariables)) {
      const looksSecret = /TOKEN|SECRET|PASSWORD|COOKIE/.test(name);
      assert.equal(masterSecrets.includes(name), looksSecret, name);
    }
    const path = join(folder, 'amoc.env');
    for (const name of masterSecrets) {
      const before = process.env[name];
      process.env[name] = 'hush';
      try {
        assert.equal(readSources().environment[name], undefined);
      } finally {
        if (before === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before;
      }
      writeFileSync(path, `${name}=hush\n`, { mode: 0o644 });
      assert.throws(() => loadEnvironmentFile(path, {}, { variables: environmentVariables }), {
        code: 'FILE',
        message: new RegExp(`has ${name}`),
      });
      rmSync(path);
    }
  });

  it('switch an output on by its first one, and none without', async () => {
    const host = { tell: () => {}, clock: { ...nothing }, version: '1' };
    for (const spec of outputs) {
      assert.equal(await spec.create(host), undefined, spec.name);
      const [first = ''] = Object.keys(spec.variables);
      process.env[first] = ' ';
      try {
        await assert.rejects(spec.create(host), { code: 'CONFIG' }, `${spec.name}: ${first}`);
      } finally {
        Reflect.deleteProperty(process.env, first);
      }
    }
  });
});

/** Outputs that are off, or refused, need no clock. */
const nothing = {
  now: () => 0,
  steady: () => 0,
  monotonic: () => 0,
  schedule: () => () => {},
  soon: () => () => {},
};
