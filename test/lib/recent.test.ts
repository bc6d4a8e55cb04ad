import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Recent } from '../../src/lib/recent.ts';

describe('the newest of a stream', () => {
  it('are within both bounds, whatever comes, and the last one is there', () => {
    const line = fc.record({ msg: fc.string({ maxLength: 60 }), at: fc.nat() });
    fc.assert(
      fc.property(fc.array(fc.array(line, { maxLength: 12 })), (batches) => {
        const recent = new Recent<{ msg: string; at: number }>({ count: 5, characters: 100 });
        for (const batch of batches) recent.add(batch);
        const all = batches.flat();
        const kept = recent.all;
        assert.deepEqual(kept, all.slice(all.length - kept.length));
        // Each has the characters of its keys besides.
        const size = (lines: readonly { msg: string }[]): number =>
          lines.reduce((sum, { msg }) => sum + msg.length + 5, 0);
        assert.ok(kept.length <= 5 && (size(kept) <= 100 || kept.length === 1));
        const more = all.slice(-kept.length - 1);
        if (kept.length < Math.min(5, all.length)) assert.ok(size(more) > 100);
      }),
    );
  });
});
