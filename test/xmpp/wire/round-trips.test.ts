import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RoundTrips } from '../../../src/xmpp/wire/round-trips.ts';

describe('round trips', () => {
  it('are bounded as RFC 6298 has it, within what is allowed', () => {
    const trips = new RoundTrips(10, 1000);
    assert.equal(trips.bound, 10);
    trips.add(100);
    assert.equal(trips.bound, 100 + 4 * 50);
    trips.add(60);
    // RTTVAR = 3/4 · 50 + 1/4 · 40, SRTT = 7/8 · 100 + 1/8 · 60
    assert.equal(trips.bound, 95 + 4 * 47.5);
    trips.add(1e6);
    assert.equal(trips.bound, 1000);
  });

  it('go down again when the server is quick again', () => {
    const trips = new RoundTrips(10, 1000);
    trips.add(300);
    for (let count = 0; count < 100; count++) trips.add(1);
    assert.equal(trips.bound, 10);
  });
});
