import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { implausibility } from '../../../src/master/nodes/plausibility.ts';

type Report = Parameters<typeof implausibility>[0];
type Present = Partial<
  Pick<Report['users'], 'starting' | 'running' | 'waiting' | 'leaving' | 'moving'>
>;
type Ended = Partial<Omit<Report['ended'], 'revision'>>;

/** A report of nothing, but for what is named. */
function report(
  users: Present,
  ended: Ended = {},
  more: { starts?: number; digest?: number } = {},
): Report {
  const { starts, digest } = more;
  const noUsers = { starting: 0, running: 0, waiting: 0, leaving: 0, moving: 0 };
  return {
    sequence: 1,
    run: 'r',
    ...(digest === undefined ? {} : { digest: { count: digest, sum: 0 } }),
    users: { ...noUsers, finished: 0, removed: 0, crashed: 0, moved: 0, ...users },
    load: { cpu: 0, loopDelayMs: 0, rssBytes: 1 },
    delta: { counters: starts === undefined ? {} : { users_started: starts }, histograms: {} },
    ended: { finished: [], crashed: [], removed: [], moved: [], back: [], revision: 0, ...ended },
  };
}

const range = (from: number, to: number, step = 1): { from: number; to: number; step: number } => ({
  from,
  to,
  step,
});

describe('what a process reports', () => {
  const fine: [what: string, reported: Report][] = [
    [
      'all its users',
      report({ starting: 2, running: 3, waiting: 3, leaving: 1, moving: 1 }, {}, { digest: 8 }),
    ],
    ['the end of all', report({}, { finished: [range(1, 9, 2)], removed: [range(2, 10, 2)] })],
    [
      'some there and some back',
      report({ running: 5 }, { removed: [range(1, 5)], back: [range(1, 5)] }),
    ],
    ['as many starts as users', report({ running: 10 }, {}, { starts: 10 })],
  ];
  for (const [what, reported] of fine) {
    it(`may be ${what}`, () => assert.equal(implausibility(reported, 10), undefined));
  }

  const lies: [what: string, reported: Report, why: RegExp][] = [
    [
      'more users than it has',
      report({ running: 1_541_051_805 }),
      /1,541,051,805 users, but has at most 10/,
    ],
    ['a digest of more', report({}, {}, { digest: 11 }), /a sum over 11 users/],
    ['more starts', report({}, {}, { starts: 11 }), /11 starts of users/],
    ['more ends', report({}, { finished: [range(1, 11)] }), /the end of 11 users/],
    [
      'ends beside too many',
      report({ running: 6 }, { removed: [range(1, 5)] }),
      /6 users and the end of 5/,
    ],
    [
      'one end twice',
      report({}, { finished: [range(1, 3)], crashed: [range(3, 4)] }),
      /one user twice/,
    ],
    ['more that are back', report({}, { finished: [range(1, 1)], back: [range(1, 2)] }), /back/],
  ];
  for (const [what, reported, why] of lies) {
    it(`cannot be ${what}`, () => assert.match(implausibility(reported, 10) ?? '', why));
  }

  it('is judged before a set of ids is expanded', () => {
    const finished = Array.from({ length: 300_000 }, () => range(1, 100_000_000));
    const began = process.cpuUsage();
    assert.match(implausibility(report({}, { finished }), 60) ?? '', /the end of/);
    assert.ok(process.cpuUsage(began).user < 1e6, 'it took a second of CPU');
  });
});
