import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { deriveKey } from '../../../src/xmpp/login/derivation.ts';

const parts = (rounds: number, salt: string) => ({
  password: 'pencil',
  salt: Buffer.from(salt),
  rounds,
  bytes: 64,
  hash: 'sha512',
});
const unknown = (): undefined => undefined;

describe('keys that are derived at once', () => {
  it('leave a thread to files, however many wait', async () => {
    let done = 0;
    const all = Array.from({ length: 12 }, async (_, at) => {
      await deriveKey(parts(100_000, `salt ${at}`), unknown, () => true);
      done++;
    });
    await stat('.');
    // All at the pool at once, the ninth would have to be done first.
    assert.ok(done < 6, `${done} were done before a file could be looked at`);
    await Promise.all(all);
    assert.equal(done, 12);
  });

  it('cost nothing when their login is over, or another has made the same', async () => {
    let isWanted = true;
    let isMade = false;
    const made = Buffer.from('made');
    const hard = (salt: string): ReturnType<typeof parts> => parts(2_000_000, salt);
    const first = Array.from({ length: 8 }, (_, at) =>
      deriveKey(parts(50_000, `first ${at}`), unknown, () => true),
    );
    const left = Array.from({ length: 1000 }, (_, at) =>
      deriveKey(hard(`left ${at}`), unknown, () => isWanted),
    );
    const same = Array.from({ length: 1000 }, () =>
      deriveKey(
        hard('same'),
        () => (isMade ? made : undefined),
        () => true,
      ),
    );
    isWanted = false;
    isMade = true;
    const outcomes = await Promise.allSettled(left);
    assert.ok(outcomes.every(({ status }) => status === 'rejected'));
    assert.ok((await Promise.all(same)).every((key) => key === made));
    assert.equal((await Promise.all(first)).length, 8);
  });
});
