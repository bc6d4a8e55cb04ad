import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Acknowledgements } from '../../../src/xmpp/embedded/acknowledgements.ts';

describe('Acknowledgements', () => {
  it('forgets what is acknowledged, and refuses a count that cannot be', () => {
    const acks = new Acknowledgements();
    for (const text of ['1', '2', '3']) acks.keep(text);
    assert.ok(acks.acknowledge(2));
    assert.deepEqual(acks.unacked, ['3']);
    for (const wrong of [1, 4, -1, NaN, 1.5]) {
      assert.equal(acks.acknowledge(wrong), false, `${wrong}`);
      assert.deepEqual(acks.unacked, ['3']);
    }
    assert.ok(acks.acknowledge(3));
    assert.equal(acks.sent, 3);
  });

  it('is full after 5,000 stanzas, or 4 MiB', () => {
    const many = new Acknowledgements();
    for (let at = 1; at <= 5000; at++) assert.ok(many.keep('x'));
    assert.equal(many.keep('x'), false);
    const large = new Acknowledgements();
    const text = 'x'.repeat(1024 * 1024);
    for (let at = 1; at <= 4; at++) assert.ok(large.keep(text));
    assert.equal(large.keep(text), false);
    large.acknowledge(5);
    assert.ok(large.keep(text));
  });
});
