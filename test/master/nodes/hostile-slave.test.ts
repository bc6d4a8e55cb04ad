import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryCluster } from '../../support/memory-cluster.ts';
import { prepared } from '../../support/prepared.ts';
import type { Transport } from '../../../src/protocol/transport.ts';
import { noUsers } from '../../../src/users/lifecycle.ts';

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** A report that an honest process without users sends, with what the test puts in its place. */
function report(run: string, change: Record<string, unknown> = {}): string {
  return JSON.stringify({
    type: 'report',
    sequence: 1,
    run,
    users: noUsers,
    load: { cpu: 0, loopDelayMs: 0, rssBytes: 1 },
    delta: { counters: {}, histograms: {} },
    ended: { finished: [], crashed: [], removed: [], moved: [], back: [], revision: 0 },
    ...change,
  });
}

describe('a slave that knows the cookie and means harm', () => {
  /** Sixty users on an honest slave, and a hand-made one beside it that takes part in the run. */
  const setUp = async (
    answers: Record<string, unknown> = {},
    nodes = ['honest', 'liar'],
  ): Promise<{ cluster: MemoryCluster; liar: Transport; run: string }> => {
    const start = (_id: number, user: { sleep: (ms: number) => Promise<void> }): Promise<void> =>
      user.sleep(3_600_000);
    const cluster = new MemoryCluster({ work: { start } }, { leases: true });
    await cluster.join('honest/1');
    const liar = await cluster.joinByHand('liar/1');
    liar.onFrame = (frame) => {
      const message = JSON.parse(frame) as { type: string; id: number; operation: string };
      if (message.type !== 'request') return;
      const result = { prepare: prepared(), ...answers }[message.operation] ?? {};
      liar.send(JSON.stringify({ type: 'reply', id: message.id, result }));
    };
    const settings = { interarrival: 1, recovery: 100 };
    await cluster.run(cluster.master.do('work', 1, 60, { nodes, settings }));
    const { run } = await cluster.run(cluster.master.status());
    return { cluster, liar, run: run ?? '' };
  };

  /** The honest slave has all users in the end, each counted once. */
  const demandExact = async (cluster: MemoryCluster): Promise<void> => {
    await cluster.clock.advance(20_000);
    const { users, present } = await cluster.run(cluster.master.status());
    const { running, finished, removed, crashed } = users;
    assert.deepEqual([present, running, finished, removed, crashed], [60, 60, 0, 0, 0]);
  };

  const cut: [what: string, frames: (run: string) => string[], reason: RegExp][] = [
    [
      'a damaged histogram',
      (run) => [report(run, { delta: { counters: {}, histograms: { message_ttd: '!!!' } } })],
      /histogram 'message_ttd' is damaged/,
    ],
    [
      'fields of a log line that are nested 5,000 deep',
      () => [
        `{"type":"logs","dropped":0,"records":[{"level":30,"time":1,"msg":"x","fields":{"a":${nested(5000)}}}]}`,
      ],
      /records\.0\.fields\.a: is too deep/,
    ],
    [
      'a negative counter',
      (run) => [report(run, { delta: { counters: { messages_sent: -1e9 }, histograms: {} } })],
      /delta\.counters\.messages_sent/,
    ],
    [
      'a range that its step does not end',
      (run) => [
        report(run, {
          ended: {
            finished: [{ from: 1, to: 10, step: 4 }],
            crashed: [],
            removed: [],
            moved: [],
            back: [],
            revision: 0,
          },
        }),
      ],
      /ended\.finished\.0: to - from must be a multiple/,
    ],
    [
      'more metrics than a process can have',
      (run) => {
        const names = Array.from({ length: 100_000 }, (_, at) => [`made_up_${at}`, 1] as const);
        return [report(run, { delta: { counters: Object.fromEntries(names), histograms: {} } })];
      },
      /delta\.counters: has more metrics than a process can have/,
    ],
    ['something that is not JSON', () => ['{'], /not JSON/],
  ];
  for (const [what, frames, reason] of cut) {
    it(`costs its connection by ${what}, and nothing else`, async () => {
      const { cluster, liar, run } = await setUp();
      let closed = '';
      liar.onClose = (why) => (closed = why);
      for (const frame of frames(run)) liar.send(frame);
      await cluster.clock.advance(100);
      assert.match(closed, reason);
      assert.match(cluster.said, new RegExp(`liar/1 was cut off: .*${reason.source}`));
      await demandExact(cluster);
    });
  }

  const lies: [what: string, change: Record<string, unknown>, why: RegExp][] = [
    [
      'more users than it was given',
      {
        users: { ...noUsers, running: 1_541_051_805 },
      },
      /reports 1,541,051,805 users/,
    ],
    [
      'the end of users that it never had',
      {
        ended: {
          finished: [{ from: 1, to: 720, step: 1 }],
          crashed: [],
          removed: [],
          moved: [],
          back: [],
          revision: 1,
        },
      },
      /the end of 720 users/,
    ],
    [
      'a hundred thousand overlapping ranges',
      {
        ended: {
          finished: Array.from({ length: 100_000 }, () => ({ from: 1, to: 100_000_000, step: 1 })),
          crashed: [],
          removed: [],
          moved: [],
          back: [],
          revision: 1,
        },
      },
      /the end of/,
    ],
    [
      'the end of one user twice',
      {
        ended: {
          finished: [{ from: 1, to: 1, step: 1 }],
          crashed: [{ from: 1, to: 1, step: 1 }],
          removed: [],
          moved: [],
          back: [],
          revision: 1,
        },
      },
      /one user twice/,
    ],
  ];
  for (const [what, change, why] of lies) {
    it(`is named and sent away when it reports ${what}; its figures are left out, and the result says so`, async () => {
      const { cluster, liar, run } = await setUp();
      const delta = { counters: { messages_sent: 1000 }, histograms: {}, gauges: { level: 7 } };
      let closed = '';
      liar.onClose = (reason) => (closed = reason);
      liar.send(report(run, { delta, ...change }));
      await cluster.clock.advance(100);
      assert.match(cluster.said, new RegExp(`error: liar/1 cannot be trusted: it .*${why.source}`));
      assert.match(closed, /evicted/);
      await demandExact(cluster);
      const result = await cluster.run(cluster.master.stop({ force: true }));
      assert.deepEqual(
        result.distrusted?.map(({ node }) => node),
        ['liar/1'],
      );
      assert.equal(result.metrics.counters['messages_sent'] ?? 0, 0);
      assert.equal(result.metrics.gauges['level'], undefined);
      assert.equal(result.users.finished, 0);
    });
  }

  const settings: [what: string, answer: unknown, why: RegExp][] = [
    ['no settings', { ...prepared(), settings: {} }, /interarrival is missing/],
    [
      'a time-out that is a word',
      prepared({ initTimeout: 'x' }),
      /initTimeout: "x" is not a time span/,
    ],
    ['a time as a text', prepared({ recovery: '5s' }), /recovery has another type/],
    [
      'a value that its check refuses',
      prepared({ repeatCount: -1 }),
      /repeatCount: -1 is not a whole number/,
    ],
  ];
  for (const [what, prepare, why] of settings) {
    it(`is named when its answer to prepare has ${what}, and no run begins with it`, async () => {
      await assert.rejects(setUp({ prepare }), {
        message: new RegExp(`^liar/1: the answer to 'prepare': settings: .*${why.source}`),
      });
    });
  }

  it('changes no pace by its answer to update', async () => {
    const answer = { settings: { interarrival: -5 } };
    const { cluster } = await setUp({ update: answer }, ['liar']);
    await assert.rejects(cluster.run(cluster.master.update({ interarrival: 20 })), {
      message: /^the answer to 'update': settings: interarrival: -5 is not a time span/,
    });
    assert.equal(cluster.master.settings()['interarrival']?.value, 1);
  });

  it('counts nothing in a run that has given it no user, whether it takes part in it or not', async () => {
    const delta = { counters: { messages_sent: 1000 }, histograms: {}, gauges: { level: 7 } };
    const start = (_id: number, user: { sleep: (ms: number) => Promise<void> }): Promise<void> =>
      user.sleep(3_600_000);
    const cluster = new MemoryCluster({ work: { start } }, { leases: true });
    await cluster.join('honest/1');
    await cluster.run(cluster.master.do('work', 1, 60, { settings: { interarrival: 1 } }));
    const { run = '' } = await cluster.run(cluster.master.status());
    for (const answers of [true, false]) {
      const name = answers ? 'idle/1' : 'mute/1';
      const liar = await cluster.joinByHand(name);
      liar.onFrame = (frame) => {
        const message = JSON.parse(frame) as { type: string; id: number; operation: string };
        if (message.type !== 'request' || !answers) return;
        const result = message.operation === 'prepare' ? prepared() : {};
        liar.send(JSON.stringify({ type: 'reply', id: message.id, result }));
      };
      await cluster.clock.advance(100);
      liar.send(report(run, { delta }));
      await cluster.clock.advance(100);
      assert.match(cluster.said, new RegExp(`${name} reports figures, but was never given a user`));
    }
    const { metrics } = await cluster.run(cluster.master.stop({ force: true }));
    assert.equal(metrics.counters['messages_sent'] ?? 0, 0);
    assert.equal(metrics.gauges['level'], undefined);
  });

  it('counts no end of a user that another process has', async () => {
    const { cluster, liar, run } = await setUp();
    const finish = async (sequence: number, from: number): Promise<number> => {
      const finished = [{ from, to: from + 28, step: 2 }];
      const ended = { finished, crashed: [], removed: [], moved: [], back: [], revision: 1 };
      liar.send(report(run, { sequence, ended }));
      await cluster.clock.advance(100);
      return (await cluster.run(cluster.master.status())).users.finished;
    };
    // Those with odd numbers are on the honest one.
    assert.equal(await finish(1, 1), 0);
    assert.equal(await finish(2, 2), 15);
  });

  it('cannot make its lines of log look like those of another process, or of the master', async () => {
    const { cluster, liar } = await setUp();
    const record = { level: 30, time: 1, msg: 'all 60 users have finished', node: 'honest/1' };
    liar.send(JSON.stringify({ type: 'logs', dropped: 0, records: [record] }));
    await cluster.clock.advance(10);
    assert.deepEqual(cluster.logs.at(-1), { level: 30, time: 1, msg: record.msg, node: 'liar/1' });
  });
});

describe('a watchdog', () => {
  it('speaks only for the process whose key it shows', async () => {
    const cluster = new MemoryCluster({});
    const { members } = cluster.master;
    await cluster.join('slave1/1');
    const { info } = cluster.master.nodes.get('slave1/1')!;
    const peer = { close: () => {} } as never;
    assert.equal(members.watch({ ...info, pid: 2 }, peer, undefined), 'no such process');
    assert.equal(
      members.watch({ ...info, identity: '0'.repeat(8) }, peer, undefined),
      'no such process',
    );
    assert.match(
      members.watch(info, peer, '0'.repeat(64)) ?? '',
      /not the watchdog of this process/,
    );
  });
});
