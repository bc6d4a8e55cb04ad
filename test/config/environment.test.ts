import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { builtInVariables } from '../../src/app/drivers.ts';
import { loadEnvironmentFile } from '../../src/config/environment.ts';

describe('loadEnvironmentFile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'amoc-environment-'));
  after(() => rmSync(folder, { recursive: true }));
  const written = (text: string, mode = 0o600): string => {
    const path = join(folder, 'amoc.env');
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };

  it('sets what is not set yet', () => {
    process.env['AMOC_RUNS_KEEP'] = '5';
    try {
      loadEnvironmentFile(
        written('\uFEFFAMOC_RUNS_KEEP=7\n# comment\nAMOC_RUNS_MB="8"\n'),
        builtInVariables,
      );
      assert.deepEqual([process.env['AMOC_RUNS_KEEP'], process.env['AMOC_RUNS_MB']], ['5', '8']);
    } finally {
      delete process.env['AMOC_RUNS_KEEP'];
      delete process.env['AMOC_RUNS_MB'];
    }
  });

  it('refuses what nobody reads, and names what is near', () => {
    assert.throws(
      () =>
        loadEnvironmentFile(
          written('AMOC_MASTER_PROT=4370\nAMOC_INTERARRIVAL=1\n'),
          builtInVariables,
        ),
      { code: 'CONFIG', message: /AMOC_MASTER_PROT in .* did you mean 'AMOC_MASTER_PORT'/ },
    );
    assert.equal(process.env['AMOC_INTERARRIVAL'], undefined);
  });

  it('keeps secrets from others', () => {
    assert.throws(
      () => loadEnvironmentFile(written('AMOC_COOKIE=abc\n', 0o644), builtInVariables),
      {
        message: /has AMOC_COOKIE, and can be read by others; run: chmod 600/,
      },
    );
  });

  it('may be missing only where nobody named it', () => {
    loadEnvironmentFile(join(folder, 'none'), builtInVariables, { isOptional: true });
    assert.throws(
      () => loadEnvironmentFile(join(folder, 'none'), builtInVariables),
      /cannot be read/,
    );
  });
});
