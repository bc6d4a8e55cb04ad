import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { demandKnownNames, resolveSettings, resolveUpdate } from '../../src/config/resolve.ts';
import { builtInVariables } from '../../src/app/drivers.ts';
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
