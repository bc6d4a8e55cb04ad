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
    for (const { delta } of witness.rows) sum.add(delta);
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
      started() {},
      second: () => {
        throw new Error('the disk is full');
      },
      event() {},
      ended() {},
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
});
