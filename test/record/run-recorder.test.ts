import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeDelta } from '../../src/metrics/totals.ts';
import { AppendFile } from '../../src/record/append-file.ts';
import { pruneRuns } from '../../src/record/run-pruning.ts';
import { findRun, listRuns, readRun } from '../../src/record/run-reader.ts';
import { RunRecorder } from '../../src/record/run-recorder.ts';
import type { RunDefinition, SecondRow } from '../../src/record/types.ts';
import { assertLegible, hostileText, hostileTexts } from '../support/hostile-text.ts';
import { makeResult } from '../support/results.ts';

const folder = mkdtempSync(join(tmpdir(), 'amoc-record-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const limits = { runs: 100, bytes: 1e9 };

function definition(id: string): RunDefinition {
  return {
    ...{ id, cluster: 'amocLocal', scenario: 'talk', hash: '00', from: 1, to: 2, seed: 1 },
    ...{ settings: {}, thresholds: {}, nodes: ['local/1'], startedAt: 1000 },
    versions: { amoc: '0', node: '20' },
  };
}

function second(at: number, sent: number): SecondRow {
  const users = {
    ...{ starting: 0, running: 2, waiting: 0, leaving: 0 },
    ...{ finished: 0, removed: 0, crashed: 0, lost: 0 },
  };
  return { at, users, delta: { counters: { sent }, histograms: [] }, nodes: [] };
}

describe('the record of a run', () => {
  it('leaves out what was half written, and goes on where a master before has ended', async () => {
    const runs = join(folder, 'cut');
    const first = new RunRecorder(runs, limits);
    first.started(definition('one'));
    first.second(second(2000, 5));
    first.event({ at: 1500, kind: 'start', text: 'begin' });
    appendFileSync(join(runs, 'one', 'seconds.ndjson'), '{"at":3000,"users":{"sta');
    assert.equal((await readRun(runs, 'one')).seconds.length, 1);
    appendFileSync(join(runs, 'one', 'seconds.ndjson'), '\n');
    const next = new RunRecorder(runs, limits);
    next.started({ ...definition('one'), startedAt: 9999 });
    next.second(second(4000, 7));
    const run = await readRun(runs, 'one');
    assert.equal(run.definition.startedAt, 1000);
    assert.equal(run.totals.counter('sent'), 12);
    assert.deepEqual(
      run.events.map(({ text }) => text),
      ['begin'],
    );
    assert.equal(run.result, undefined);
  });

  it('begins a line of its own where half of one was left', async () => {
    const runs = join(folder, 'half');
    const first = new RunRecorder(runs, limits);
    first.started(definition('one'));
    first.second(second(2000, 5));
    appendFileSync(join(runs, 'one', 'seconds.ndjson'), '{"at":3000,"users":{"sta');
    const next = new RunRecorder(runs, limits);
    next.started(definition('one'));
    next.second(second(4000, 7));
    assert.equal((await readRun(runs, 'one')).totals.counter('sent'), 12);
  });

  it('steers no terminal that shows its files, and is read back as it was', async () => {
    const runs = join(folder, 'hostile');
    const property = fc.asyncProperty(hostileText, async (text) => {
      rmSync(runs, { recursive: true, force: true });
      const recorder = new RunRecorder(runs, limits);
      const node = { name: text, cpu: 0, loopDelayMs: 0, rssBytes: 1, users: 2 };
      const whole = { ...definition('one'), comment: text };
      const row = { ...second(2000, 5), nodes: [node] };
      const event = { at: 1500, kind: 'error', text, by: text } as const;
      const result = { ...makeResult(), problems: [text] };
      recorder.started(whole);
      recorder.second(row);
      recorder.event(event);
      recorder.ended(result);
      for (const name of readdirSync(join(runs, 'one'))) {
        assertLegible(readFileSync(join(runs, 'one', name), 'utf8'));
      }
      const read = await readRun(runs, 'one');
      assert.deepEqual(read.definition, whole);
      assert.deepEqual(read.seconds, [{ ...row, delta: encodeDelta(row.delta) }]);
      assert.deepEqual(read.events, [event]);
      assert.deepEqual(read.result?.problems, [text]);
    });
    await fc.assert(property, { examples: hostileTexts.map((text) => [text]) });
  });

  it("is its owner's alone, whatever the umask", () => {
    const runs = join(folder, 'private');
    const before = process.umask(0);
    try {
      const recorder = new RunRecorder(runs, limits);
      recorder.started(definition('one'));
      recorder.event({ at: 1500, kind: 'start', text: 'begin' });
      recorder.ended(makeResult({ run: 'one' }));
    } finally {
      process.umask(before);
    }
    const mode = (...path: string[]): string =>
      (statSync(join(runs, ...path)).mode & 0o777).toString(8);
    assert.deepEqual([mode(), mode('one')], ['700', '700']);
    assert.equal(readdirSync(join(runs, 'one')).length, 4);
    for (const file of readdirSync(join(runs, 'one'))) assert.equal(mode('one', file), '600', file);
  });

  it('that finds no room says so once, goes on, and knows up to when it is whole', async () => {
    const runs = join(folder, 'full');
    mkdirSync(join(runs, 'one'), { recursive: true });
    const recorder = new RunRecorder(runs, limits);
    recorder.started(definition('one'));
    recorder.second(second(2000, 5));
    // What is written to /dev/full finds no room, as on a disk.
    const file = join(runs, 'two', 'seconds.ndjson');
    mkdirSync(join(runs, 'two'));
    symlinkSync('/dev/full', file);
    recorder.started({ ...definition('two'), startedAt: 7000 });
    assert.throws(() => recorder.second(second(8000, 5)), /ENOSPC.*; the run continues$/);
    recorder.second(second(9000, 5));
    recorder.event({ at: 9500, kind: 'stop', text: 'stop' });
    recorder.ended(makeResult({ run: 'two' }));
    const { kept, until, why } = recorder.record();
    assert.deepEqual([kept, until], ['part', 7000]);
    assert.match(why ?? '', /ENOSPC/);
    rmSync(file);
    const { result, events } = await readRun(runs, 'two');
    assert.deepEqual(result?.record, recorder.record());
    assert.equal(events.length, 1);
    recorder.started(definition('three'));
    assert.deepEqual(recorder.record(), { kept: 'all' });
  });

  it('has nothing left of a half-written line', () => {
    const path = join(folder, 'lines');
    const lines = new AppendFile(path);
    lines.append('first');
    lines.close();
    const again = new AppendFile(path);
    again.append('second');
    again.close();
    assert.equal(readFileSync(path, 'utf8'), 'first\nsecond\n');
  });

  it('that cannot be begun leaves nothing that would be taken for a run', () => {
    const runs = join(folder, 'blocked');
    mkdirSync(join(runs, 'one', 'events.ndjson'), { recursive: true });
    const recorder = new RunRecorder(runs, limits);
    assert.throws(() => recorder.started(definition('one')), /the run continues without it$/);
    recorder.second(second(2000, 5));
    recorder.ended(makeResult({ run: 'one' }));
    assert.equal(recorder.record().kept, 'none');
    assert.deepEqual(listRuns(runs), []);
  });

  it('is found by a part of its id, or as the last one', () => {
    const runs = join(folder, 'find');
    for (const [at, id] of ['talk-abc-1', 'talk-abd-2', 'walk-xyz-1'].entries()) {
      const recorder = new RunRecorder(runs, limits);
      recorder.started({ ...definition(id), startedAt: at });
    }
    assert.equal(findRun(runs, 'abd'), 'talk-abd-2');
    assert.equal(findRun(runs, 'last'), 'walk-xyz-1');
    assert.throws(() => findRun(runs, 'talk'), /2 runs have 'talk' in their names/);
    assert.throws(() => findRun(runs, 'talk-abc-9'), /did you mean 'talk-abc-1'/);
  });

  it('is pruned, the oldest first, by number and by size; what is no run stays', () => {
    const runs = join(folder, 'prune');
    for (let at = 1; at <= 5; at++) {
      const path = join(runs, `run-${at}`);
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'run.json'), JSON.stringify(definition(`run-${at}`)));
      writeFileSync(join(path, 'seconds.ndjson'), 'x'.repeat(1000));
      utimesSync(join(path, 'run.json'), at, at);
    }
    mkdirSync(join(runs, 'mine'));
    writeFileSync(join(runs, 'mine', 'notes.txt'), 'x'.repeat(100_000));
    pruneRuns(runs, { runs: 4, bytes: 1e9 });
    assert.deepEqual(readdirSync(runs).sort(), ['mine', 'run-3', 'run-4', 'run-5']);
    pruneRuns(runs, { runs: 100, bytes: 2000 });
    assert.deepEqual(readdirSync(runs).sort(), ['mine', 'run-5']);
    assert.ok(existsSync(join(runs, 'mine', 'notes.txt')));
    assert.equal(listRuns(runs).length, 1);
  });
});
