import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { demandRunning, demandStartable } from '../../../src/master/run/run-state.ts';
import type { RunState } from '../../../src/master/run/run-state.ts';

const states: RunState[] = [
  { is: 'idle' },
  { is: 'starting', scenario: 's' },
  { is: 'running', scenario: 's' },
  { is: 'stopping', scenario: 's' },
  { is: 'failed', scenario: 's', reason: 'r' },
];

describe('run states', () => {
  for (const state of states) {
    it(`${state.is}: an illegal command is answered by the name of the state`, () => {
      if (state.is === 'running') demandRunning(state, 'add');
      else assert.throws(() => demandRunning(state, 'add'), { code: 'NO_RUN', message: /^add: / });
      if (state.is === 'idle' || state.is === 'failed') demandStartable(state);
      else assert.throws(() => demandStartable(state), { code: 'BUSY', message: /^do: s is / });
    });
  }
});
