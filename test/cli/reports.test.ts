import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ComparedRuns } from '../../src/cli/reports.ts';
import { defaultLimits } from '../../src/record/run-pruning.ts';
import { RunRecorder } from '../../src/record/run-recorder.ts';
import { Project } from '../support/project.ts';
import { makeResult } from '../support/results.ts';
import { runOf } from '../support/metrics-source.ts';

/** Leaves a run of one second in the folder of a project. */
function record(project: Project, id: string, hash: string): void {
  const recorder = new RunRecorder(join(project.folder, 'runs'), defaultLimits);
  const { definition, row } = runOf({ counters: { messages_sent: 5 }, nodes: ['local/1'] });
  recorder.started({ ...definition, id, hash });
  recorder.second(row);
  recorder.ended(makeResult());
}

describe('amoc compare --json', () => {
  it('has what to know of the two runs in it, and nothing but JSON on standard output', async () => {
    using project = new Project();
    record(project, 'talk-1', '00');
    record(project, 'talk-2', '01');
    const { code, out, err } = await project.amoc(['compare', 'talk-1', 'talk-2', '--json']);
    assert.equal(code, 0, err);
    const { a, b, notes, rows } = JSON.parse(out) as ComparedRuns;
    const note =
      'the files of talk were changed between the two runs: a difference may come from that';
    assert.deepEqual([a, b, notes], ['talk-1', 'talk-2', [note]]);
    assert.equal(err, `amoc: ${note}\n`);
    assert.deepEqual(
      rows.map(({ metric, stat }) => [metric, stat]),
      [['messages_sent', 'rate']],
    );
    const same = await project.amoc(['compare', 'talk-1', 'talk-1', '--json']);
    assert.deepEqual((JSON.parse(same.out) as ComparedRuns).notes, []);
    assert.equal(same.err, '');
  });
});
