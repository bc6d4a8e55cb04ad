import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { typed } from '../support/typed.ts';

describe('target()', () => {
  it('says what it did, and gives it as JSON', async () => {
    await using shell = await typed();
    assert.equal(await shell.say("amocLocal.do('my_scenario', 1, 10)"), shell.begun);
    assert.equal(await shell.say('amocLocal.target(12)'), 'ok: 12 users: 11, 12 will start');
    assert.equal(
      await shell.say('amocLocal.target(8)'),
      'ok: 8 users: 9..12 will stop when their current start() returns',
    );
    assert.equal(await shell.say('amoc_local:target(8).'), 'ok: the run already has 8 users');
    assert.equal(
      await shell.say("amocLocal.target(9, { rate: '30/min' })"),
      'ok: 9 users: 13 will start, 0.5 a second in the whole cluster',
    );
    assert.equal(
      await shell.say('JSON.stringify(await amocLocal.target(0))'),
      '\'{"users":0,"added":[],"removed":[[1,8],13],"rate":0.5}\'',
    );
  });

  it('refuses an invalid number of users', async () => {
    await using shell = await typed();
    for (const bad of ['', '-1', '1.5', "'many'", '1e12']) {
      assert.match(
        await shell.say(`amocLocal.target(${bad})`),
        /target: users is .*; it must be a whole number from 0 /,
      );
    }
    assert.match(
      await shell.say("amocLocal.target(5, { rate: 'fast' })"),
      /target: rate is "fast"/,
    );
    assert.match(await shell.say('amocLocal.target(5)'), /target: no scenario is running/);
  });
});
