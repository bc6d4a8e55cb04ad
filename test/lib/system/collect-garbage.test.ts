import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { getHeapSpaceStatistics } from 'node:v8';
import { collectGarbage } from '../../../src/lib/system/collect-garbage.ts';

const MB = 1024 * 1024;

describe('collectGarbage', () => {
  it('frees what nobody holds, and gives nearly empty pages back when it compacts', () => {
    const kept: object[] = [];
    let dropped: object[] = [];
    // Old enough to be spread over pages of the old generation.
    for (let at = 0; at < 600_000; at++) {
      const each = { at, next: { text: [at] } };
      (at % 20 === 0 ? kept : dropped).push(each);
    }
    const before = process.memoryUsage();
    dropped = [];
    collectGarbage({ compact: true });
    const { heapUsed } = process.memoryUsage();
    assert.ok(heapUsed < before.heapUsed - 40 * MB, `${before.heapUsed} to ${heapUsed}`);
    const old = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space');
    const [size = NaN, used = NaN] = [old?.space_size, old?.space_used_size];
    assert.ok(size < used * 1.5, `${used} of ${size}`);
    assert.equal(kept.length + dropped.length, 30_000);
  });
});
