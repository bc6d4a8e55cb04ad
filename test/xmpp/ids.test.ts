import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ageOf, putStamp, STAMP_PIECES, stampedId } from '../../src/xmpp/ids.ts';

describe('stamped ids', () => {
  it('tell their age to the microsecond, whatever the moment', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 3_600_000, noNaN: true }), (earlierMs) => {
        const since = performance.now() - earlierMs;
        const id = stampedId(since);
        const age = ageOf(id) ?? NaN;
        const passed = performance.now() - since;
        assert.ok(Math.abs(age - passed) < 20, `${id} is ${age} ms old, not ${passed}`);
      }),
    );
  });

  it('are what the documentation says, and no two are the same', () => {
    const ids = Array.from({ length: 20_000 }, () => stampedId());
    for (const id of ids) assert.match(id, /^amoc-\d{10}\.\d{6}-[0-9a-z]{6}$/);
    assert.equal(new Set(ids).size, ids.length);
    const times = ids.map((id) => Number(id.slice(5, 22)));
    assert.ok(times.every((time, at) => at === 0 || time >= (times[at - 1] as number) - 0.05));
  });

  it('can be put in pieces among others', () => {
    const pieces = ['<a id="', ...new Array<string>(STAMP_PIECES).fill(''), '"/>'];
    putStamp(pieces, 1);
    const first = pieces.join('');
    putStamp(pieces, 1);
    assert.match(first, /^<a id="amoc-[0-9.]+-[0-9a-z]+"\/>$/);
    assert.notEqual(pieces.join(''), first);
  });

  it('are told from others', () => {
    for (const other of [undefined, '', 'amoc-', 'amoc-zz', 'x-1', 'amoc-1.5'])
      assert.equal(ageOf(other), undefined);
  });
});
