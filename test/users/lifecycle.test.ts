import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isGone, nextState, transitions } from '../../src/users/lifecycle.ts';
import type { UserInput, UserState } from '../../src/users/lifecycle.ts';

const rows: [UserState, UserInput, UserState][] = [
  ['starting', 'begin', 'running'],
  ['starting', 'remove', 'removed'],
  ['starting', 'kill', 'removed'],
  ['starting', 'move', 'moved'],
  ['running', 'returned', 'waiting'],
  ['running', 'completed', 'finished'],
  ['running', 'threw', 'crashed'],
  ['running', 'remove', 'leaving'],
  ['running', 'kill', 'removed'],
  ['running', 'move', 'moving'],
  ['waiting', 'begin', 'running'],
  ['waiting', 'remove', 'removed'],
  ['waiting', 'kill', 'removed'],
  ['waiting', 'move', 'moved'],
  ['leaving', 'returned', 'removed'],
  ['leaving', 'completed', 'finished'],
  ['leaving', 'threw', 'crashed'],
  ['leaving', 'remove', 'leaving'],
  ['leaving', 'kill', 'removed'],
  ['moving', 'returned', 'moved'],
  ['moving', 'completed', 'finished'],
  ['moving', 'threw', 'crashed'],
  ['moving', 'remove', 'leaving'],
  ['moving', 'kill', 'removed'],
  ['moving', 'stay', 'running'],
  ['moving', 'expire', 'moved'],
];

describe('the life of a user', () => {
  for (const [state, input, next] of rows) {
    it(`${state} --${input}--> ${next}`, () => assert.equal(nextState(state, input), next));
  }

  it('has no other transition', () => {
    const inputs = [...new Set(Object.values(transitions).flatMap((row) => Object.keys(row)))];
    const all = Object.keys(transitions).flatMap((state) => {
      return inputs.filter((input) => {
        return nextState(state as UserState, input as UserInput) !== undefined;
      });
    });
    assert.equal(all.length, rows.length);
  });

  it('ends where nothing can happen any more', () => {
    for (const [state, row] of Object.entries(transitions)) {
      assert.equal(Object.keys(row).length === 0, isGone(state as UserState));
    }
  });
});
