import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StatusView } from '../../src/control/views.ts';
import { eventually } from '../support/eventually.ts';
import { Project } from '../support/project.ts';

describe('an error that nobody waits for', () => {
  const errors = [
    ['a rejection', "void Promise.reject(new Error('lost'))", '** Error: lost'],
    ['a rejection in a list', "x = [Promise.reject(new Error('lost'))]", '** Error: lost'],
    [
      'a rejection with nothing',
      'void Promise.reject()',
      '** error: a value was thrown: undefined',
    ],
    ['a timer', "setTimeout(() => { throw new Error('late') })", '** Error: late'],
    ['a microtask', "queueMicrotask(() => { throw new Error('soon') })", '** Error: soon'],
    [
      'a command in a timer',
      'setTimeout(() => amocLocal.add(5))',
      '** error: add: no scenario is running',
    ],
    [
      'a listener',
      "e = new EventTarget(); e.addEventListener('a', () => null.x); e.dispatchEvent(new Event('a'))",
      '** TypeError: Cannot read properties of null',
    ],
    [
      'an event without a listener',
      "import { Socket } from 'node:net'; s = new Socket(); s.destroy(new Error('cut'))",
      '** Error: cut',
    ],
    [
      'an odd error',
      "setTimeout(() => { throw Object.assign(new Error('x'), { name: Symbol('n') }) })",
      '** Symbol(n): x',
    ],
    [
      'process.exit',
      'setTimeout(() => process.exit(7))',
      '** error: process.exit: q() leaves the console',
    ],
    [
      'process.exit by import',
      "import { exit } from 'node:process'; setTimeout(() => exit(7))",
      '** error: process.exit: q()',
    ],
  ] as const;

  // In one console, one after the other: each is reported in one line, and the next one is read.
  it('is said, and the lines behind it are read', async () => {
    using project = new Project();
    const lines = errors.flatMap(([, line]) => [line, "sleep('200ms')"]);
    const { code, out, err } = await project.lines(...lines, "'it goes on'");
    assert.equal(code, 0, err);
    assert.ok(out.endsWith("'it goes on'\n"), out);
    const said = err.trimEnd().split('\n');
    for (const [at, [what, , error]] of errors.entries()) {
      assert.ok(said[at]?.startsWith(error), `${what}: ${err}`);
    }
    assert.equal(said.length, errors.length, err);
  });

  it('does not keep the console, nor do timers that go on', async () => {
    using project = new Project();
    const line = "setInterval(() => { throw new Error('again and again') }, 20); sleep('200ms')";
    const { code, out } = await project.lines(line, "'the end'");
    assert.deepEqual([code, out], [0, "'the end'\n"]);
  });

  it('does not speak after the line that ended the input', async () => {
    using project = new Project({ my_scenario: true });
    const { code, err } = await project.lines(
      "void amocLocal.do('my_scenario', 1, 10); void amocLocal.update({})",
      "void sleep('1s').then(() => { throw new Error('behind') })",
      "amocLocal.add('x')",
    );
    assert.equal(code, 1);
    assert.match(err, /^stdin:3: \*\* error: add: "x" is not a number of users/m);
    assert.doesNotMatch(err, /^ +at |node:internal|Node\.js v/m);
  });

  it('is in the log of a node, which goes on with its run', async () => {
    using project = new Project({ sleeper: true });
    const amoc = async (...args: string[]): Promise<string> => {
      const { code, out, err } = await project.amoc(args);
      assert.equal(code, 0, `amoc ${args.join(' ')}: ${err}`);
      return out;
    };
    await amoc('start');
    await amoc('eval', "amocLocal.do('sleeper', 1, 20)");
    assert.equal(
      await amoc('eval', "setTimeout(() => amocLocal.add('5'), 100); 'typed'"),
      "'typed'\n",
    );
    for (const line of [
      "throw Object.assign(new Error('x'), { name: Symbol('n') })",
      'process.exit(0)',
      'process.kill(process.pid, "SIGKILL")',
    ]) {
      const { code, err } = await project.amoc(['eval', line]);
      assert.equal(code, 1);
      assert.match(err, /^\*\* [^\n]+\n$/);
    }
    await amoc('eval', 'setInterval(() => { throw new Error("again and again") }, 1); 1');
    const log = await eventually(
      () => amoc('logs', '-n', '1000'),
      (text) => text.includes('more errors not handled'),
    );
    assert.match(
      log,
      /\[error\] \S+@\S+: error: add: "5" is not a number of users.* \(unhandled\)\n/,
    );
    const status = JSON.parse(await amoc('eval', '--json', 'amocLocal.status()')) as StatusView;
    assert.equal(status.users.running + status.users.starting, 20);
    assert.match(await amoc('stop', '--timeout', '25s'), /has stopped/);
  });

  it('is shown on standard error to one who pipes lines to a node', async () => {
    using project = new Project();
    assert.equal((await project.amoc(['start'])).code, 0);
    const input = "setTimeout(() => null.x)\nsleep('500ms')\n'it goes on'\n";
    const { code, out, err } = await project.amoc(['attach'], { input });
    assert.deepEqual([code, out.endsWith("'it goes on'\n")], [0, true], err);
    assert.match(err, /^\*\* TypeError: Cannot read properties of null \(reading 'x'\)$/m);
  });
});

describe('a command whose value goes on', () => {
  it('is waited for', async () => {
    using project = new Project({ sleeper: true });
    const { code, out, err } = await project.lines(
      "amocLocal.do('sleeper', 1, 3, { interarrival: 0 })",
      'amocLocal.status().users.running + 1 > 0',
      'amocLocal.nodes()[0].name',
      'const u = amocLocal.status().users',
      'typeof u.running',
      'typeof amocLocal.metrics().counters',
      'amocLocal.nodes().map(({ name }) => name)',
    );
    assert.equal(code, 0, err);
    for (const seen of [
      'true\n',
      "'local/1'\n",
      "'number'\n",
      "'object'\n",
      "[ 'local/1', 'local/2' ]\n",
    ]) {
      assert.ok(out.includes(seen), out);
    }
  });
});
