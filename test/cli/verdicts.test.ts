import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Parser } from 'ltx';
import type { Element } from 'ltx';
import type { Verdict } from '../../src/record/verdict.ts';
import { ROOT } from '../support/root.ts';
import { Project } from '../support/project.ts';

const quick = { AMOC_STOP_TIMEOUT: '100ms', AMOC_LOCAL_PROCESSES: '1' };

const busy = `
import type { User } from 'amoc';
export const connectionsPerUser = 0;
export async function start(id: number, user: User) {
  for (;;) {
    // Late whatever else the machine does: a share of the CPU is not everybody's to have.
    const until = performance.now() + 400;
    while (performance.now() < until);
    user.metrics.counter('turns').add();
    await user.sleep(1);
  }
}
`;

const gated = `
import type { User } from 'amoc';
export const connectionsPerUser = 0;
export const thresholds = { 'work p50': '< 1s', turns: '>= 1' };
export async function start(id: number, user: User) {
  await user.timed('work', () => user.sleep(5));
  user.metrics.counter('turns').add();
  if (id === 3) throw new Error('no luck');
}
`;

function parse(xml: string): Element {
  let root: Element | undefined;
  const parser = new Parser();
  parser.on('tree', (element: Element) => (root = element));
  parser.end(xml);
  assert.ok(root !== undefined);
  return root;
}

describe('the verdict of `amoc run`', () => {
  it('is 3 when a threshold is missed, and says which, and by how much', async () => {
    using project = new Project({ mongoose_simple: true });
    const { code, out, err } = await project.amoc(
      [
        ...['run', 'mongoose_simple', '1', '100', '--for', '4s', '--settings', 'warmUp=1s'],
        ...['interarrival=5ms', '--threshold', 'message_ttd p99 < 0.001ms', 'errors < 1%'],
        ...['--junit', 'verdict.xml'],
      ],
      { env: quick },
    );
    assert.equal(code, 3, err);
    assert.match(out, /MISSED {4}message_ttd p99 < 0\.001ms: it is [\d.]+ ms, off by [\d.]+ ms/);
    assert.match(out, /passed {4}errors < 1%: it is 0%/);
    assert.match(err, /amoc: threshold missed: message_ttd p99 < 0\.001ms/);
    const suite = parse(readFileSync(join(project.folder, 'verdict.xml'), 'utf8'));
    assert.equal(suite.attrs['tests'], '4');
    assert.equal(suite.attrs['failures'], '1');
    const failed = suite
      .getChild('testsuite')!
      .getChildren('testcase')
      .filter((each) => each.getChild('failure') !== undefined);
    assert.deepEqual(
      failed.map(({ attrs }) => attrs['name'] as string),
      ['message_ttd p99 < 0.001ms'],
    );
  });

  it('is 0 when all are kept, those of the scenario among them, and crashes are allowed for', async () => {
    using project = new Project({ gated });
    const run = ['run', 'gated', '1', '5', '--for', '2s', '--json'];
    const { code, out, err } = await project.amoc([...run, '--threshold', 'users_crashed <= 1'], {
      env: quick,
    });
    assert.equal(code, 0, err);
    const result = JSON.parse(out) as {
      outcome: string;
      verdicts: { threshold: string; passed: boolean }[];
    };
    assert.equal(result.outcome, 'passed');
    assert.deepEqual(
      result.verdicts.map(({ threshold, passed }) => `${threshold} ${passed}`),
      ['work p50 < 1s true', 'turns >= 1 true', 'users_crashed <= 1 true'],
    );
  });

  it('is 3 when a threshold was missed for a part of the run only, if it is over a window', async () => {
    const slowAtFirst = `
import type { User } from 'amoc';
export const connectionsPerUser = 0;
export async function start(id: number, user: User) {
  for (let turn = 0; ; turn++) {
    user.metrics.histogram('work').record(turn < 20 ? 900 : 5);
    await user.sleep(50);
  }
}
`;
    using project = new Project({ slow_at_first: slowAtFirst });
    const { code, out, err } = await project.amoc(
      [
        ...['run', 'slow_at_first', '1', '4', '--for', '6s', '--json', '--junit', 'verdict.xml'],
        ...['--settings', 'abortDelay=0', 'interarrival=1ms'],
        ...['--threshold', 'work p50 over 1s < 100ms', 'work p50 < 100ms'],
      ],
      { env: quick },
    );
    assert.equal(code, 3, err);
    const { verdicts } = JSON.parse(out) as { verdicts: Verdict[] };
    const [windowed, whole] = verdicts;
    assert.deepEqual([windowed?.passed, whole?.passed], [false, true]);
    assert.ok(Math.abs((windowed?.value ?? 0) - 900) < 1);
    const { overMs, judged = 0, missed = 0, last = 0 } = windowed?.window ?? {};
    assert.equal(overMs, 1000);
    assert.ok(missed >= 1 && missed < judged, `${missed} of ${judged}`);
    assert.ok(Math.abs(last - 5) < 0.1);
    assert.match(err, /threshold missed: work p50 over 1s < 100ms/);
    const suite = parse(readFileSync(join(project.folder, 'verdict.xml'), 'utf8'));
    assert.equal(suite.attrs['failures'], '1');
    const report = await project.amoc(['report', 'last']);
    assert.match(report.out, /work p50 over 1s/);
  });

  it('is 1 when users crash, whatever the thresholds say of times', async () => {
    using project = new Project({ gated });
    const run = ['run', 'gated', '1', '5', '--for', '2s'];
    const { code, err } = await project.amoc([...run, '--threshold', 'work p99 < 1us'], {
      env: quick,
    });
    assert.equal(code, 1);
    assert.match(err, /amoc: 1 user crashed/);
    assert.match(err, /amoc: threshold missed: work p99/);
  });

  it('is 1 when teardown fails, and says so to people, programs and CI', async () => {
    const tear = `
import type { User } from 'amoc';
export const connectionsPerUser = 0;
export function teardown(): void { throw new Error('the room still exists'); }
export async function start(id: number, user: User): Promise<void> { await user.sleep(id); }
`;
    using project = new Project({ tear });
    const run = ['run', '--settings', 'repeatCount=1', 'interarrival=0', 'tear', '1', '1'];
    const { code, out, err } = await project.amoc([...run, '--json', '--junit', 'tear.xml'], {
      env: quick,
    });
    assert.equal(code, 1, err);
    assert.match(err, /amoc: the run failed: teardown: the room still exists/);
    const { problems, outcome } = JSON.parse(out) as { problems: string[]; outcome: string };
    assert.deepEqual([problems, outcome], [['teardown: the room still exists'], 'failed']);
    assert.match(
      readFileSync(join(project.folder, 'tear.xml'), 'utf8'),
      /<failure message="the run/,
    );
    const report = await project.amoc(['report', 'last']);
    assert.match(report.out, /the run failed: teardown: the room still exists/);
    const shell = await project.lines("await amocLocal.do('tear', 1, 1); await amocLocal.stop()");
    assert.match(shell.out, /\*\* error: teardown: the room still exists\n/);
  });

  it('is 2 for a threshold that is none', async () => {
    using project = new Project({ gated });
    for (const [threshold, words] of [
      ['work 99 < 1s', /invalid threshold 'work 99 < 1s'; write it as/],
      ['work p9x < 1s', /unknown statistic 'p9x'; did you mean 'p9|unknown statistic 'p9x'/],
    ] as const) {
      const { code, err } = await project.amoc([
        'run',
        'gated',
        '1',
        '2',
        '--threshold',
        threshold,
      ]);
      assert.equal(code, 2, err);
      assert.match(err, words);
    }
  });

  it('leaves no empty file behind when the run does not start, and keeps what was there', async () => {
    using project = new Project({ gated });
    project.write('old.xml', 'of the run before');
    for (const file of ['new.xml', 'old.xml']) {
      const { code } = await project.amoc(['run', 'gatd', '1', '2', '--junit', file]);
      assert.equal(code, 2);
    }
    assert.ok(!existsSync(join(project.folder, 'new.xml')));
    assert.equal(readFileSync(join(project.folder, 'old.xml'), 'utf8'), 'of the run before');
  });

  it('is 1 when the summary cannot be written', async () => {
    using project = new Project({ gated });
    const file = openSync('/dev/full', 'w');
    const args = ['run', 'gated', '1', '2', '--for', '1s', '--json'];
    const child = spawn(process.execPath, [join(ROOT, 'bin', 'amoc.js'), ...args], {
      cwd: project.folder,
      env: { ...project.env, ...quick },
      stdio: ['ignore', file, 'pipe'],
    });
    closeSync(file);
    let err = '';
    child.stderr?.on('data', (data) => (err += String(data)));
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, 1, err);
    assert.match(err, /amoc: standard output cannot be written: ENOSPC/);
    assert.doesNotMatch(err, /\n\s+at /);
  });

  it('is 4 when the load generator was the bottleneck', async () => {
    using project = new Project({ busy });
    const { code, err } = await project.amoc(
      ['run', 'busy', '1', '2', '--for', '15s', '--threshold', 'turns rate > 1000000/s'],
      { env: quick },
    );
    assert.equal(code, 4, err);
    assert.match(err, /amoc: local\/1 was saturated for \d+ s/);
  });

  it('fails a threshold of what was never recorded', async () => {
    using project = new Project({ gated });
    const { code, err } = await project.amoc(
      ['run', 'gated', '1', '2', '--for', '1s', '--threshold', 'message_ttd p99 < 1s'],
      { env: quick },
    );
    assert.equal(code, 3);
    assert.match(err, /message_ttd p99 < 1s: nothing was recorded/);
  });

  it('comes early with --abort-on-fail', async () => {
    using project = new Project({ gated });
    const { code, err } = await project.amoc(
      [
        ...['run', 'gated', '1', '2', '--for', '10m', '--abort-on-fail'],
        ...['--settings', 'abortDelay=1s', '--threshold', 'work p50 < 1us'],
      ],
      { env: quick },
    );
    assert.equal(code, 3, err);
    assert.match(err, /abortOnFail: the run is stopped: work p50 < 1us: it is/);
  });
});
