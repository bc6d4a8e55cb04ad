import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { typed } from '../support/typed.ts';

describe('rate()', () => {
  it('says what changes, and changes the pace of the users that wait', async () => {
    await using shell = await typed();
    await shell.say("amocLocal.do('my_scenario', 1, 10, { interarrival: '1h' })");
    assert.equal(
      await shell.say("amocLocal.rate('30/min')"),
      'ok: 0.5 users start per second in the whole cluster',
    );
    assert.equal(
      await shell.say('amoc_local:rate("100/s").'),
      'ok: 100 users start per second in the whole cluster; it was 0.5',
    );
    assert.equal(
      await shell.say('amocLocal.rate(100)'),
      'ok: the rate is already 100 users per second',
    );
    await shell.cluster.clock.advance(1000);
    assert.equal(await shell.say('(await amocLocal.status()).users.starting'), '0');
    assert.equal(
      await shell.say('JSON.stringify(await amocLocal.rate(5))'),
      '\'{"rate":5,"before":100}\'',
    );
  });

  it('refuses an invalid rate', async () => {
    await using shell = await typed();
    for (const bad of ['', '0', "'fast'", "'5/day'"]) {
      assert.match(await shell.say(`amocLocal.rate(${bad})`), /rate: rate is .*'200\/s'/);
    }
    assert.match(await shell.say('amocLocal.rate(5)'), /rate: no scenario is running/);
  });
});
