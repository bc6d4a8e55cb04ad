import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { builtInVariables } from '../../src/app/drivers.ts';
import { checkVariables, environmentName } from '../../src/config/variable.ts';

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
