import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { IdSet } from '../../../src/lib/ids/id-set.ts';
import { FileJournal } from '../../../src/master/run/journal.ts';
import { MemoryCluster } from '../../support/memory-cluster.ts';

describe('the journal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'amoc-journal-'));
  after(() => rmSync(folder, { recursive: true }));

  const fresh = (name: string): { path: string; journal: FileJournal; errors: string[] } => {
    const path = join(folder, name, 'master.journal');
    const errors: string[] = [];
    return { path, errors, journal: new FileJournal(path, (text) => errors.push(text)) };
  };

  /** A run of ten users on two processes, as a journal keeps it. */
  const runWith = async (journal: FileJournal): Promise<MemoryCluster> => {
    const start = (_id: number, user: { sleep: (ms: number) => Promise<void> }): Promise<void> =>
      user.sleep(1e8);
    const cluster = new MemoryCluster({ work: { start } }, { leases: true, journal });
    await cluster.joinMany(2, 'slave');
    await cluster.run(cluster.master.do('work', 1, 10, { comment: 'kept', interarrival: 1 }));
    await cluster.clock.advance(3000);
    return cluster;
  };

  it('keeps a run, readable by its owner alone, until it is stopped', async () => {
    const { path, journal } = fresh('kept');
    assert.equal(journal.read(), undefined);
    const cluster = await runWith(journal);
    await cluster.run(cluster.master.add(5));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const memory = journal.read();
    assert.equal(memory?.comment, 'kept');
    assert.deepEqual(
      memory.processes.map(({ info, staying }) => [info.name, staying]),
      [
        ['slave/1', [{ from: 1, to: 15, step: 2 }]],
        ['slave/2', [{ from: 2, to: 14, step: 2 }]],
      ],
    );
    await cluster.run(cluster.master.stop({ force: true }));
    assert.equal(existsSync(path), false);
  });

  it('keeps which processes are drained, who moves, and the highest id that was given out', async () => {
    const { journal } = fresh('drained');
    const before = await runWith(journal);
    before.master.drain('slave/2');
    const memory = journal.read();
    assert.ok(memory !== undefined);
    assert.deepEqual(
      memory.processes.map(({ info, drained, moving }) => [info.name, drained, moving]),
      [
        ['slave/1', undefined, undefined],
        ['slave/2', true, [{ from: 2, to: 10, step: 2 }]],
      ],
    );
    assert.equal(memory.top, 10);
    const { journal: next } = fresh('drained-again');
    const after = new MemoryCluster({ work: { start: () => {} } }, { leases: true, journal: next });
    after.master.members.restore(memory);
    assert.equal(after.master.nodes.get('slave/2')?.state.role, 'draining');
    await after.run(after.master.add(1));
    assert.deepEqual(next.read()?.processes[1]?.moving, memory.processes[1]?.moving);
  });

  it('keeps which ids were given out, and that a process without users is drained', async () => {
    const { journal } = fresh('ended');
    const before = await runWith(journal);
    before.master.drain('slave/2');
    const memory = journal.read();
    assert.ok(memory !== undefined);
    const after = new MemoryCluster({ work: { start: () => {} } }, { leases: true });
    // All of them have ended by themselves meanwhile.
    const none = { staying: [], leaving: [], moving: [] };
    const processes = memory.processes.map((each) => ({ ...each, ...none }));
    after.master.members.restore({ ...memory, processes });
    assert.deepEqual((await after.run(after.master.add(2))).ids, [[11, 12]]);
    assert.equal(after.master.nodes.get('slave/2')?.state.role, 'drained');
  });

  it('warns that a placement function is not kept', async () => {
    const { journal } = fresh('placement');
    const cluster = new MemoryCluster({ work: { start: () => {} } }, { leases: true, journal });
    await cluster.join('slave/1');
    const placement = (ids: IdSet): Map<string, IdSet> => new Map([['slave/1', ids]]);
    await cluster.run(cluster.master.do('work', 1, 3, { placement }));
    assert.equal(journal.read()?.placement, 'roundRobin');
    const warnings = cluster.notices.filter(({ level, text }) => {
      return level === 'warn' && /^placement .*roundRobin/.test(text);
    });
    assert.equal(warnings.length, 1);
  });

  it('puts a damaged file aside, and says so', async () => {
    const { path, journal } = fresh('damaged');
    await runWith(journal);
    const text = readFileSync(path, 'utf8');
    for (const damage of ['', 'x', text.slice(0, -9), text.replace('"kept"', '"kepT"')]) {
      writeFileSync(path, damage);
      assert.throws(() => journal.read(), /is damaged .* was renamed to .*damaged; users/);
      assert.equal(existsSync(path), false);
      assert.equal(readFileSync(`${path}.damaged`, 'utf8'), damage);
    }
    assert.equal(journal.read(), undefined);
  });

  it('says once that a disk fails, and the run goes on', async () => {
    const { path, journal, errors } = fresh('full');
    writeFileSync(join(folder, 'full'), 'a file where the folder should be');
    const cluster = await runWith(journal);
    assert.equal((await cluster.run(cluster.master.status())).present, 10);
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? '', /cannot be saved .*; it continues/);
    assert.equal(existsSync(path), false);
  });
});
