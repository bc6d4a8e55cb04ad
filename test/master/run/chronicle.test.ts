import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetricsTotals } from '../../../src/metrics/totals.ts';
import type {
  RunDefinition,
  RunEvent,
  RunObserver,
  RunResult,
  SecondRow,
} from '../../../src/record/types.ts';
import type { User } from '../../../src/users/user.ts';
import type { RunJournal, RunMemory } from '../../../src/master/run/journal.ts';
import { MemoryCluster } from '../../support/memory-cluster.ts';

/** Remembers what it is told. */
class Witness implements RunObserver {
  definitions: RunDefinition[] = [];
  rows: SecondRow[] = [];
  events: RunEvent[] = [];
  results: RunResult[] = [];
  reports = 0;
  started(definition: RunDefinition): void {
    this.definitions.push(definition);
  }
  second(row: SecondRow): void {
    this.rows.push(structuredClone(row));
  }
  event(event: RunEvent): void {
    this.events.push(event);
  }
  ended(result: RunResult): void {
    this.results.push(result);
  }
  report(): void {
    this.reports++;
  }
  get kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }
}

const counting = {
  variables: { password: { description: 'a secret', default: 'hush', secret: true } },
  thresholds: { turns: '< 40' },
  start: async (id: number, user: User) => {
    for (;;) {
      user.metrics.counter('turns', { odd: id % 2 === 1 }).add();
      user.metrics.counter('turns').add();
      user.metrics.histogram('work').record(id);
      await user.sleep(500);
    }
  },
};

describe('a chronicle', () => {
  it('leaves out what a process records before it has the run, so that nothing is missing', async () => {
    const cluster = new MemoryCluster({ counting });
    cluster.whileLoading = async (metrics) => {
      metrics.histogram('gc_pause').record(3);
      await new Promise<void>((resolve) => cluster.clock.schedule(2500, resolve));
      metrics.histogram('gc_pause').record(4);
    };
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('counting', 1, 4));
    await cluster.clock.advance(3000);
    const { counts, metrics } = await cluster.run(cluster.master.stop({ force: true }));
    assert.equal(counts.arrived, counts.recorded);
    assert.ok(counts.recorded > 0);
    assert.equal(metrics.times['gc_pause'], undefined);
  });

  it('tells each second what came in it, so that the rows are the result', async () => {
    const witness = new Witness();
    const cluster = new MemoryCluster({ counting }, { observers: [witness] });
    await cluster.joinMany(2);
    await cluster.run(
      cluster.master.do('counting', 1, 4, { comment: 'mine', settings: { password: 'deep' } }),
    );
    await cluster.clock.advance(5200);
    await cluster.run(cluster.master.add(2));
    await cluster.clock.advance(3000);
    await cluster.run(cluster.master.remove(1, { force: true }));
    const result = await cluster.run(cluster.master.stop({ force: true }));
    const [definition] = witness.definitions;
    assert.equal(definition?.comment, 'mine');
    assert.equal(definition?.settings['password'], '***');
    assert.deepEqual(definition?.thresholds, { turns: '< 40' });
    assert.ok(!JSON.stringify([witness.definitions, witness.events]).includes('deep'));
    const sum = new MetricsTotals();
    for (const { delta } of witness.rows) sum.addDecoded(delta);
    assert.deepEqual(sum.summary().counters, result.metrics.counters);
    assert.deepEqual(sum.summary().times, result.metrics.times);
    assert.ok(result.metrics.counters['turns']! >= 40);
    assert.equal(result.counts.arrived, result.counts.recorded);
    assert.ok(result.counts.recorded > 100);
    for (const kind of ['start', 'add', 'remove', 'stop', 'threshold']) {
      assert.ok(witness.kinds.includes(kind), `${kind} is not in ${witness.kinds.join()}`);
    }
    assert.deepEqual(
      result.verdicts.map(({ threshold, passed }) => [threshold, passed]),
      [['turns < 40', false]],
    );
    assert.match(cluster.said, /warn: threshold missed so far: turns < 40: it is 4\d/);
    assert.deepEqual(witness.results, [result]);
    // After the run its figures and events are still there.
    const after = await cluster.run(cluster.master.metrics());
    assert.equal(after.counters['turns'], result.metrics.counters['turns']);
    assert.ok(cluster.master.events.some(({ kind }) => kind === 'stop'));
  });

  it('says when a process was lost, and that its last second is not in the figures', async () => {
    const witness = new Witness();
    const cluster = new MemoryCluster({ counting }, { observers: [witness] });
    const [first] = await cluster.joinMany(2);
    await cluster.run(cluster.master.do('counting', 1, 4));
    await cluster.clock.advance(3500);
    first!.die();
    await cluster.clock.advance(2000);
    const result = await cluster.run(cluster.master.stop({ force: true }));
    assert.equal(result.counts.lostNodes, 1);
    assert.ok(witness.kinds.includes('node_lost'), witness.kinds.join());
  });

  it('tells once of an observer that fails, and the run goes on', async () => {
    const witness = new Witness();
    const broken: RunObserver = {
      second: () => {
        throw new Error('the disk is full');
      },
    };
    const cluster = new MemoryCluster({ counting }, { observers: [broken, witness] });
    await cluster.joinMany(1);
    await cluster.run(cluster.master.do('counting', 1, 2));
    await cluster.clock.advance(6000);
    assert.equal(cluster.said.split('the disk is full').length, 2);
    assert.ok(witness.rows.length >= 5);
    await cluster.run(cluster.master.stop({ force: true }));
  });

  it('stops the run at a missed threshold where abortOnFail says so, after abortDelay', async () => {
    const cluster = new MemoryCluster({ counting });
    await cluster.joinMany(1);
    await cluster.run(
      cluster.master.do('counting', 1, 4, {
        thresholds: { 'turns{odd="true"}': '< 2' },
        settings: { abortOnFail: true, abortDelay: '5s', stopTimeout: '1s' },
      }),
    );
    await cluster.clock.advance(4500);
    assert.equal(cluster.master.state.is, 'running');
    await cluster.clock.until(() => cluster.master.state.is === 'idle', 10_000);
    assert.match(cluster.said, /abortOnFail: the run is stopped: turns\S* < \d+: it is/);
    assert.equal(cluster.master.lastResult?.verdicts.length, 2);
  });

  it('refuses a threshold that is none before anything starts', async () => {
    const cluster = new MemoryCluster({ counting });
    await cluster.joinMany(1);
    await assert.rejects(
      cluster.run(cluster.master.do('counting', 1, 4, { thresholds: { turns: 'few' } })),
      /invalid threshold 'turns few'/,
    );
    assert.equal(cluster.master.state.is, 'idle');
  });

  it('gives the figures of any part of the last minutes', async () => {
    const witness = new Witness();
    const cluster = new MemoryCluster({ counting }, { observers: [witness] });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('counting', 1, 4));
    await cluster.clock.advance(8100);
    const { rates } = await cluster.run(cluster.master.metrics());
    // Four users, two turns a second each.
    assert.equal(rates['turns'], 8);
    assert.equal(rates['work'], 8);
    const { startRate } = await cluster.run(cluster.master.status());
    assert.equal(startRate.achieved, 0);
    await cluster.run(cluster.master.stop({ force: true }));
  });

  it('has no gauge of a process that is gone', async () => {
    const witness = new Witness();
    const gauging = {
      start: async (_id: number, user: User) => {
        user.metrics.gauge('held').set(5);
        for (;;) await user.sleep(500);
      },
    };
    const cluster = new MemoryCluster({ gauging }, { observers: [witness] });
    const [first] = await cluster.joinMany(2);
    await cluster.run(cluster.master.do('gauging', 1, 2));
    await cluster.clock.advance(3000);
    assert.equal(witness.rows.at(-1)?.delta.gauges?.['held'], 10);
    first!.die();
    await cluster.run(cluster.master.remove(2, { force: true }));
    await cluster.clock.advance(3000);
    assert.equal(witness.rows.at(-1)?.delta.gauges?.['held'], 5);
    await cluster.run(cluster.master.stop({ force: true }));
  });
});

/** Each user works for 5 ms; from the 15th second on for 5 s, for ten seconds. */
const slowing = {
  start: async (_id: number, user: User) => {
    for (let turn = 0; ; turn++) {
      user.metrics.histogram('work').record(turn >= 30 && turn < 50 ? 5000 : 5);
      user.metrics.counter('turns').add();
      await user.sleep(500);
    }
  },
};

describe('a threshold over a window', () => {
  const limits = { 'work p99 over 5s': '< 100ms', 'work p50': '< 100ms' };

  it('is missed in the end although it is met again, and a threshold on the run is not', async () => {
    const witness = new Witness();
    const cluster = new MemoryCluster({ slowing }, { observers: [witness] });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('slowing', 1, 4, { thresholds: limits }));
    await cluster.clock.advance(13_000);
    const before = await cluster.run(cluster.master.status());
    assert.deepEqual(
      before.verdicts?.map(({ passed }) => passed),
      [true, true],
    );
    await cluster.clock.advance(47_000);
    const { verdicts = [] } = await cluster.run(cluster.master.status());
    assert.ok(Math.abs(verdicts[0]!.window!.last! - 5) < 0.1);
    const result = await cluster.run(cluster.master.stop({ force: true }));
    const [windowed, whole] = result.verdicts;
    assert.deepEqual([windowed?.passed, whole?.passed], [false, true]);
    assert.ok(Math.abs(windowed!.value! - 5000) < 5);
    const { overMs, judged, missed } = windowed!.window!;
    assert.equal(overMs, 5000);
    // Not those of abortDelay, 10 s; a slow value stays in the window for 5 s.
    assert.ok(judged >= 48 && judged <= 51, String(judged));
    assert.ok(missed >= 13 && missed <= 16, String(missed));
    const told = witness.events.filter(({ kind }) => kind === 'threshold');
    assert.equal(told.length, 2, 'once when it is missed, once when it is met again');
  });

  it('stops the run where abortOnFail says so', async () => {
    const cluster = new MemoryCluster({ slowing });
    await cluster.joinMany(2);
    const settings = { abortOnFail: true, stopTimeout: '1s' };
    await cluster.run(cluster.master.do('slowing', 1, 4, { thresholds: limits, settings }));
    await cluster.clock.advance(14_000);
    assert.equal(cluster.master.state.is, 'running');
    await cluster.clock.until(() => cluster.master.state.is === 'idle', 5000);
    assert.equal(cluster.master.lastResult?.verdicts[0]?.passed, false);
  });

  it('does not count what happens before abortDelay, nor while the run stops', async () => {
    const starting = {
      start: async (_id: number, user: User) => {
        for (let turn = 0; !user.signal.aborted; turn++) {
          user.metrics.histogram('work').record(turn < 4 ? 5000 : 5);
          user.metrics.counter('turns').add();
          await user.sleep(500);
        }
      },
    };
    const cluster = new MemoryCluster({ starting });
    await cluster.joinMany(1);
    const thresholds = { 'work p99 over 2s': '< 100ms', 'turns rate over 3s': '> 3/s' };
    await cluster.run(
      cluster.master.do('starting', 1, 2, { thresholds, settings: { stopTimeout: '20s' } }),
    );
    await cluster.clock.advance(15_000);
    const result = await cluster.run(cluster.master.stop());
    assert.ok(result.stoppingForMs >= 15_000);
    assert.deepEqual(
      result.verdicts.map(({ passed }) => passed),
      [true, true],
    );
    assert.ok(result.verdicts.every(({ window }) => (window?.judged ?? 0) >= 4));
  });

  it('judges a rate of nothing, and says nothing of a percentile of nothing', async () => {
    const falling = {
      start: async (_id: number, user: User) => {
        for (let turn = 0; ; turn++) {
          if (turn < 40) {
            user.metrics.counter('turns').add();
            user.metrics.histogram('work').record(5);
          }
          await user.sleep(500);
        }
      },
    };
    const cluster = new MemoryCluster({ falling });
    await cluster.joinMany(1);
    const thresholds = {
      'turns rate over 5s': '> 1/s',
      'work p99 over 5s': '< 100ms',
      'never p99 over 5s': '< 1ms',
    };
    await cluster.run(cluster.master.do('falling', 1, 2, { thresholds }));
    await cluster.clock.advance(40_000);
    const result = await cluster.run(cluster.master.stop({ force: true }));
    const [rate, time, never] = result.verdicts;
    assert.deepEqual([rate?.passed, rate?.value], [false, 0]);
    assert.equal(time?.passed, true);
    assert.ok(time.window!.judged < rate!.window!.judged);
    assert.deepEqual([never?.passed, never?.value, never?.window?.judged], [false, undefined, 0]);
  });

  it('judges a short run by its last window', async () => {
    const cluster = new MemoryCluster({ slowing });
    await cluster.joinMany(1);
    await cluster.run(cluster.master.do('slowing', 1, 2, { thresholds: limits }));
    await cluster.clock.advance(4000);
    const short = await cluster.run(cluster.master.stop({ force: true }));
    assert.equal(short.verdicts[0]?.passed, true);
    assert.equal(short.verdicts[0]?.window?.judged, 0);
  });

  it('is remembered by a master that continues the run', async () => {
    let kept: unknown;
    const journal: RunJournal = {
      isDue: true,
      save: (state) => {
        kept = JSON.parse(JSON.stringify(state()));
        return true;
      },
      clear: () => {},
    };
    const cluster = new MemoryCluster({ slowing }, { leases: true, journal });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('slowing', 1, 4, { thresholds: limits }));
    await cluster.clock.advance(40_000);
    await cluster.restartMaster(kept as RunMemory);
    await cluster.clock.advance(20_000);
    const result = await cluster.run(cluster.master.stop({ force: true }));
    assert.equal(result.verdicts[0]?.passed, false);
    assert.ok(result.verdicts[0].window!.missed >= 13);
    assert.ok(result.verdicts[0].window!.judged > 30);
  });

  it('is refused with its reason before anything starts', async () => {
    const cluster = new MemoryCluster({ slowing });
    await cluster.joinMany(1);
    const thresholds = { 'work p99 over 30': '< 5ms' };
    await assert.rejects(cluster.run(cluster.master.do('slowing', 1, 4, { thresholds })), {
      code: 'ARGUMENT',
      message: /'over 30' needs a unit/,
    });
  });
});
