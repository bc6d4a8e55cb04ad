import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { processesOf } from '../support/processes.ts';
import { Project } from '../support/project.ts';
import { talkers } from '../support/scenarios.ts';

const env = { AMOC_STOP_TIMEOUT: '100ms', AMOC_LOCAL_PROCESSES: '1' };

describe('runs that are kept', () => {
  it('are told up to the last second after kill -9 of everything', async () => {
    using project = new Project({ talkers });
    const child = project.start(['run', 'talkers', '1', '5', '--comment', 'cut short'], env);
    child.stderr.resume();
    child.stdout.resume();
    const seconds = (): string => {
      const runs = join(project.folder, 'runs');
      const [id] = existsSync(runs) ? readdirSync(runs) : [];
      const file = id === undefined ? '' : join(runs, id, 'seconds.ndjson');
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    };
    await eventually(seconds, (text) => text.split('\n').length > 4);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const killedAt = Date.now();
    await eventually(
      () => processesOf(project.folder).length,
      (left) => left === 0,
    );
    const { code, out, err } = await project.amoc(['report', 'last', '--json']);
    assert.equal(code, 0, err);
    const report = JSON.parse(out) as {
      definition: { comment: string };
      result?: unknown;
      seconds: number;
      metrics: { counters: Record<string, number> };
      events: { kind: string }[];
    };
    assert.equal(report.definition.comment, 'cut short');
    assert.equal(report.result, undefined);
    assert.ok(report.seconds >= 4, String(report.seconds));
    const lines = seconds().trim().split('\n');
    const rows = lines.map(
      (line) => JSON.parse(line) as { at: number; delta: { counters: Record<string, number> } },
    );
    const sent = rows.reduce((sum, { delta }) => sum + (delta.counters['messages_sent'] ?? 0), 0);
    assert.equal(report.metrics.counters['messages_sent'], sent);
    assert.ok(sent > 20);
    // A row a second: the last is at most that old, and what a stalled machine adds.
    assert.ok(killedAt - rows.at(-1)!.at < 3000, `${killedAt - rows.at(-1)!.at} ms`);
    assert.equal(report.events[0]?.kind, 'start');
    const text = await project.amoc(['report', 'last']);
    assert.match(text.out, /it has no result: its master was killed; the record goes up to 20/);
    const page = /page {2}(.+)/.exec(text.out)?.[1] ?? '';
    assert.match(readFileSync(page, 'utf8'), /The run has no result: its master was killed/);
    const list = await project.amoc(['runs']);
    assert.match(list.out, /talkers-\S+ .* no result +cut short/);
  });

  it('say what is wrong with a name, and with a folder that cannot be written', async () => {
    using project = new Project({ talkers });
    const none = await project.amoc(['report', 'nothing']);
    assert.equal(none.code, 2);
    assert.match(none.err, /there is no run 'nothing'; there are no runs in /);
    project.write('blocked', 'a file where a folder should be');
    const { code, out, err } = await project.amoc(['run', 'talkers', '1', '2', '--for', '1s'], {
      env: { ...env, AMOC_RUNS: join(project.folder, 'blocked') },
    });
    assert.equal(code, 0, err);
    assert.match(err, /the record of the run cannot be written in .*blocked/);
    assert.equal(err.split('cannot be written').length, 2, 'said once');
    assert.match(out, /record {4}the run was not recorded \(.*\)/);
    assert.doesNotMatch(out, /amoc report/);
    assert.ok(statSync(join(project.folder, 'blocked')).isFile());
  });
});
