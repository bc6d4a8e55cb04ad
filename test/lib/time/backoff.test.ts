import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { backoffMs } from '../../../src/lib/time/backoff.ts';

describe('backoffMs', () => {
  it('never exceeds its bounds', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, random) => {
          const ms = backoffMs(attempts, { firstMs: 200, mostMs: 30_000 }, random);
          assert.ok(ms >= 0 && ms <= 30_000);
        },
      ),
    );
  });
});
