import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadEnvironmentFile } from '../../src/config/environment.ts';
import { readSettingsFile, sayOpenSecrets } from '../../src/config/file.ts';
import { demandKnownNames, resolveSettings, resolveUpdate } from '../../src/config/resolve.ts';
import { builtInVariables } from '../../src/app/drivers.ts';
import { checkVariables, environmentName } from '../../src/config/variable.ts';
import type { Variables } from '../../src/config/variable.ts';

const variables: Variables = {
  pause: { description: 'a pause', default: '2s', unit: 'duration', update: true },
  count: {
    description: 'a count',
    default: 3,
    check: (value: number) => value > 0 || 'a number above 0',
  },
  verbose: { description: 'whether', default: false, update: true },
  secretWord: { description: 'a secret', default: '', secret: true, check: () => 'something else' },
};
const harmless: Variables = Object.fromEntries(
  Object.entries(variables).filter(([name]) => name !== 'secretWord'),
);

describe('resolveSettings', () => {
  it('takes the call over the environment over the file over the default', () => {
    const sources = {
      file: { pause: '1s', count: 1, verbose: true, mine: { count: 2 } },
      environment: { AMOC_COUNT: '4', AMOC_PAUSE: '4s' },
      call: { pause: '5s' },
    };
    assert.deepEqual(resolveSettings(harmless, sources, 'mine'), {
      pause: 5000,
      count: 4,
      verbose: true,
    });
    assert.deepEqual(resolveSettings(harmless, { file: sources.file }, 'mine'), {
      pause: 1000,
      count: 2,
      verbose: true,
    });
    assert.deepEqual(resolveSettings(harmless, {}, 'mine'), {
      pause: 2000,
      count: 3,
      verbose: false,
    });
  });

  it('lists every mistake at once, with where it came from', () => {
    const sources = {
      environment: { AMOC_COUNT: '-1' },
      call: { pause: 'soon', cuont: 1, verbose: 'maybe' },
    };
    assert.throws(
      () => resolveSettings(harmless, sources, 'mine'),
      (error: Error) => {
        assert.match(error.message, /cuont is not a setting.*did you mean 'count'/);
        assert.match(error.message, /pause: "soon" is not a time span.*from settings/);
        assert.match(error.message, /count: "-1" is not a number above 0.*from AMOC_COUNT/);
        assert.match(error.message, /verbose: "maybe" is not true or false/);
        return error.message.split('\n').length === 4;
      },
    );
  });

  it('never shows a secret', () => {
    assert.throws(
      () => resolveSettings(variables, { call: { secretWord: 'hunter2' } }, 'mine'),
      (error: Error) => !error.message.includes('hunter2') && error.message.includes('its value'),
    );
  });

  it('has good defaults of its own', () => {
    const settings = resolveSettings(builtInVariables, {}, 'mine');
    assert.equal(settings['interarrival'], 50);
    assert.equal(settings['repeatInterval'], 60_000);
  });
});

describe('demandKnownNames', () => {
  it('refuses what nobody reads, and names what is near', () => {
    demandKnownNames(harmless, { pause: 5, other_scenario: { anything: 1 } });
    assert.throws(() => demandKnownNames(harmless, { pasue: 5 }), {
      code: 'CONFIG',
      message:
        /pasue is not a setting .*amoc\.json.*did you mean 'pause'\?; settings of one scenario/,
    });
  });
});

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

describe('resolveUpdate', () => {
  it('changes only what may change while users run', () => {
    assert.deepEqual(resolveUpdate(harmless, { pause: 10, verbose: 'true' }), {
      pause: 10,
      verbose: true,
    });
    assert.throws(
      () => resolveUpdate(harmless, { count: 5, nothing: 1 }),
      (error: Error) => {
        assert.match(error.message, /count cannot change while users run/);
        assert.match(error.message, /nothing is not a setting/);
        return true;
      },
    );
  });
});

describe('environmentName', () => {
  it('is in capitals and words', () => {
    assert.equal(environmentName('messageInterval'), 'AMOC_MESSAGE_INTERVAL');
    assert.equal(environmentName('xmppTlsCa'), 'AMOC_XMPP_TLS_CA');
    assert.equal(environmentName('snake_case'), 'AMOC_SNAKE_CASE');
  });
  it('differs for each of our own', () => {
    const names = Object.keys(builtInVariables).map(environmentName);
    assert.equal(new Set(names).size, names.length);
  });
});

describe('checkVariables', () => {
  for (const bad of [
    5,
    null,
    { x: 1 },
    { x: { default: [], description: '' } },
    { x: { default: 1 } },
    { 'a b': { default: 1, description: '' } },
  ]) {
    it(`refuses ${JSON.stringify(bad)}`, () => {
      assert.throws(() => checkVariables(bad), { code: 'SCENARIO' });
    });
  }
});

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
