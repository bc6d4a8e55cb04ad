import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetricsRegistry } from '../../../src/metrics/metrics.ts';
import { lossesIn, sayLosses } from '../../../src/record/losses.ts';
import { Losses } from '../../../src/xmpp/user/losses.ts';

describe('sessions that are lost', () => {
  it('are counted by reason; the first of each is told, but not what a scenario cuts itself', () => {
    const metrics = new MetricsRegistry();
    const told: string[] = [];
    const losses = new Losses(metrics, (text, jid) => told.push(`${jid}: ${text}`));
    for (const reason of ['conflict', 'cut', 'conflict', 'closed by the server', 'conflict']) {
      losses.count(reason, 'user_1@localhost/res1');
    }
    assert.deepEqual(told, [
      'user_1@localhost/res1: a session was lost: conflict; further losses for this reason are counted, not logged',
      'user_1@localhost/res1: a session was lost: closed by the server; further losses for this reason are counted, not logged',
    ]);
    const { counters } = metrics.drain();
    assert.equal(counters['connections_lost'], 5);
    const seen = lossesIn(Object.entries(counters));
    assert.equal(sayLosses(seen), '5 sessions: 3 conflict, 1 cut, 1 closed by the server');
  });

  it('for more reasons than there can be are counted as other', () => {
    const metrics = new MetricsRegistry();
    const losses = new Losses(metrics, () => {});
    for (let at = 0; at < 100; at++) losses.count(`made up ${at}`, '');
    const seen = lossesIn(Object.entries(metrics.drain().counters));
    assert.deepEqual([seen.length, seen[0]], [31, ['other', 70]]);
  });
});
