import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { didYouMean, nearest } from '../../../src/lib/text/nearest.ts';

describe('nearest', () => {
  it('finds what was meant', () => {
    assert.deepEqual(nearest('my_scenari', ['my_scenario', 'sleeper']), ['my_scenario']);
    assert.deepEqual(nearest('forc', ['force', 'ids']), ['force']);
    assert.deepEqual(nearest('xyz', ['force', 'ids']), []);
  });
  it('lists what there is when nothing is near', () => {
    assert.equal(didYouMean('xyzzy', ['force', 'ids']), '; there are force, ids');
  });
});
