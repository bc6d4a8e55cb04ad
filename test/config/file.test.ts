import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { builtInVariables } from '../../src/app/drivers.ts';
import { readSettingsFile, sayOpenSecrets } from '../../src/config/file.ts';

describe('readSettingsFile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'amoc-config-'));
  after(() => rmSync(folder, { recursive: true }));
  const written = (text: string): string => {
    const path = join(folder, 'amoc.json');
    writeFileSync(path, text);
    return path;
  };

  it('needs no file', () => {
    assert.deepEqual(readSettingsFile(join(folder, 'none.json'), [], builtInVariables), {});
  });
  it('reads settings and sections of scenarios', () => {
    const path = written('{"interarrival": 5, "mine": {"count": 2}}');
    assert.deepEqual(readSettingsFile(path, ['mine'], builtInVariables), {
      interarrival: 5,
      mine: { count: 2 },
    });
  });
  it('reads one that begins with a byte order mark, and refuses other encodings by name', () => {
    const path = written('\uFEFF{"interarrival": "10ms"}');
    assert.deepEqual(readSettingsFile(path, [], builtInVariables), { interarrival: '10ms' });
    writeFileSync(path, Buffer.from('\uFEFF{}', 'utf16le'));
    assert.throws(() => readSettingsFile(path, [], builtInVariables), {
      message: `${path} is UTF-16; save it as UTF-8`,
    });
    writeFileSync(path, Buffer.from('{\n"xmppUser": "m\xfcller"}', 'latin1'));
    assert.throws(
      () => readSettingsFile(path, [], builtInVariables),
      /is not UTF-8 in line 2; save it as UTF-8/,
    );
  });
  it('that has a secret and can be read by others is named, with what to do', () => {
    const said = (text: string, mode: number): string | undefined => {
      const path = written(text);
      chmodSync(path, mode);
      return sayOpenSecrets(
        path,
        readSettingsFile(path, ['mine'], builtInVariables),
        builtInVariables,
      );
    };
    const path = join(folder, 'amoc.json');
    const words = `${path} has xmppPassword, and can be read by others; run: chmod 600 ${path}`;
    for (const text of ['{"xmppPassword": "x"}', '{"mine": {"xmppPassword": "x"}}']) {
      assert.equal(said(text, 0o644), words);
      assert.equal(said(text, 0o640), words);
      assert.equal(said(text, 0o600), undefined);
    }
    assert.equal(said('{"xmppUser": "x", "mine": {"count": 2}}', 0o644), undefined);
    assert.equal(sayOpenSecrets(join(folder, 'none.json'), {}, builtInVariables), undefined);
  });
  it('says what is wrong with it', () => {
    assert.throws(() => readSettingsFile(written('{'), [], builtInVariables), {
      code: 'CONFIG',
      message: /is not JSON/,
    });
    assert.throws(() => readSettingsFile(written('[]'), [], builtInVariables), /must be an object/);
    assert.throws(
      () => readSettingsFile(written('{"myn": {}}'), ['mine'], builtInVariables),
      /names no scenario; did you mean 'mine'/,
    );
  });
});
