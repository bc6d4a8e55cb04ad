import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunDefinition } from '../../src/record/types.ts';
import { sayDifference } from '../../src/report/compare.ts';

function runOf(scenario: string, hash: string): { definition: RunDefinition } {
  const definition = {
    ...{ id: `${scenario}-1`, cluster: 'amocLocal', scenario, hash, from: 1, to: 2, seed: 1 },
    ...{ settings: {}, thresholds: {}, nodes: [], startedAt: 0 },
    versions: { amoc: '0', node: '20' },
  };
  return { definition };
}

describe('two runs that are compared', () => {
  it('are told apart when they are of two scenarios, or of two states of one', () => {
    assert.equal(sayDifference(runOf('talk', '00'), runOf('talk', '00')), undefined);
    assert.match(
      sayDifference(runOf('talk', '00'), runOf('hello', '00')) ?? '',
      /^these are runs of two scenarios, talk and hello: /,
    );
    assert.match(
      sayDifference(runOf('talk', '00'), runOf('talk', '01')) ?? '',
      /^the files of talk were changed between the two runs: /,
    );
  });
});
