import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { typed } from '../support/typed.ts';

describe('user(…).trace()', () => {
  it('refuses an id that no user can have, and a wish that is neither true nor false', async () => {
    await using shell = await typed();
    assert.equal(await shell.say("amocLocal.do('my_scenario', 1, 10)"), shell.begun);
    for (const bad of ['0', '1.5', "'seven'"]) {
      assert.match(await shell.say(`amocLocal.user(${bad}).trace()`), /whole number ≥ 1/, bad);
    }
    assert.match(await shell.say('amocLocal.user(7).trace(5)'), /true or false/);
  });
});
