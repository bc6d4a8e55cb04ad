import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  connected,
  isAway,
  isInRun,
  isReady,
  nextState,
  reaches,
  roles,
} from '../../../src/master/nodes/node-state.ts';
import type {
  NodeInput,
  NodeState,
  Reach,
  ReachInput,
  Role,
  RoleInput,
} from '../../../src/master/nodes/node-state.ts';

const roleInputs = [
  ...(['prepare', 'serve', 'drain', 'emptied', 'undrain', 'leave', 'fail', 'release'] as const),
];
const reachInputs = ['block', 'unblock', 'cut', 'attach', 'compared', 'lose'] as const;

/** Each role, and where each input leads; `-`: nowhere. In the order of {@link roleInputs}. */
const roleRows: Record<Role, string> = {
  connected: 'preparing - - - - - - -',
  preparing: '- ready aside - - - connected connected',
  aside: '- drained - - preparing - connected connected',
  ready: '- - draining - - leaving - connected',
  draining: '- - - drained ready leaving - connected',
  drained: '- - - - ready leaving - connected',
  leaving: '- - - - - - - connected',
};

/** The same for {@link reachInputs}. */
const reachRows: Record<Reach, string> = {
  here: 'blocked - away returning - gone',
  blocked: 'blocked here away returning - gone',
  away: '- - - returning - gone',
  returning: '- - away - here gone',
  gone: '- - - - - -',
};

const inputOf = (type: RoleInput | ReachInput): NodeInput => {
  if (type === 'cut') return { type, at: 7, reason: 'silent for 4 s' };
  if (type === 'attach') return { type, at: 7 };
  if (type === 'unblock') return { type, afterMs: 2000 };
  return type === 'block' ? { type, forMs: 2000, frames: [] } : { type };
};

describe('the role of a process', () => {
  for (const [role, row] of Object.entries(roleRows) as [Role, string][]) {
    row.split(' ').forEach((next, at) => {
      const input = roleInputs[at] as RoleInput;
      it(`${role}, ${input}: ${next}`, () => {
        const state: NodeState = { role, reach: 'here' };
        const after = nextState(state, { type: input });
        assert.deepEqual(after, { ...state, role: next === '-' ? role : next });
        if (next === '-') assert.equal(after, state);
      });
    });
  }

  it('has no other inputs', () => {
    const known = Object.values(roles).flatMap((row) => Object.keys(row));
    assert.deepEqual([...new Set(known)].sort(), [...roleInputs].sort());
  });

  it('of a process that is gone never changes', () => {
    for (const role of Object.keys(roles) as Role[]) {
      for (const type of roleInputs) {
        const state: NodeState = { role, reach: 'gone' };
        assert.equal(nextState(state, { type }), state);
      }
    }
  });
});

describe('the reach of a process', () => {
  for (const [reach, row] of Object.entries(reachRows) as [Reach, string][]) {
    row.split(' ').forEach((next, at) => {
      const input = reachInputs[at] as ReachInput;
      // Who is gone is not in the run, and is neither cut nor attached.
      if (reach === 'gone' && (input === 'cut' || input === 'attach')) return;
      it(`${reach}, ${input}: ${next}`, () => {
        const state: NodeState = { role: 'ready', reach };
        const after = nextState(state, inputOf(input));
        assert.deepEqual([after.role, after.reach], ['ready', next === '-' ? reach : next]);
        if (next === '-') assert.equal(after, state);
      });
    });
  }

  it('has no other inputs', () => {
    const known = Object.values(reaches).flatMap((row) => Object.keys(row));
    assert.deepEqual([...new Set(known)].sort(), [...reachInputs].sort());
  });

  it('remembers since when a process is away, over all its connections', () => {
    let state: NodeState = { role: 'ready', reach: 'here' };
    for (const [type, at] of [
      ['cut', 5],
      ['attach', 6],
      ['cut', 7],
      ['attach', 8],
    ] as const) {
      state = nextState(state, type === 'cut' ? { type, at, reason: 'cut' } : { type, at });
      assert.equal(state.awaySince, 5);
    }
    assert.deepEqual(nextState(state, { type: 'compared' }), { role: 'ready', reach: 'here' });
  });

  it('is not kept of a process without a part in the run', () => {
    assert.throws(
      () => nextState(connected, { type: 'cut', at: 1, reason: 'cut' }),
      /cut of a process/,
    );
  });
});

describe('a process', () => {
  it('takes users when it is ready, also while it is blocked', () => {
    const ready = (Object.keys(roles) as Role[]).flatMap((role) =>
      (Object.keys(reaches) as Reach[]).flatMap((reach) =>
        isReady({ role, reach }) ? [`${role} ${reach}`] : [],
      ),
    );
    assert.deepEqual(ready, ['ready here', 'ready blocked']);
  });

  it('may have users from its init on until it is gone', () => {
    const inRun = (Object.keys(roles) as Role[]).filter((role) => isInRun({ role, reach: 'away' }));
    assert.deepEqual(inRun, ['ready', 'draining', 'drained', 'leaving']);
    assert.equal(isInRun({ role: 'ready', reach: 'gone' }), false);
    assert.deepEqual(
      (Object.keys(reaches) as Reach[]).filter((reach) => isAway({ role: 'ready', reach })),
      ['away', 'returning'],
    );
  });
});
