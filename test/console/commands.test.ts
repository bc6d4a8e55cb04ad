import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { docOf } from '../../src/commands/doc.ts';
import { remove } from '../../src/commands/remove.ts';
import { allDocs } from '../../src/console/shell-commands.ts';
import { typedCluster } from '../../src/console/typed-cluster.ts';
import { parseCall } from '../../src/console/erlang/parser.ts';
import { Evaluator } from '../../src/console/shell/evaluator.ts';
import { document, help } from '../../src/console/views/help.ts';
import { runLines } from '../../src/console/terminal/pipe-mode.ts';
import { paintFor } from '../../src/console/views/paint.ts';
import { Shell } from '../../src/console/shell/shell.ts';
import { renderingOf } from '../../src/console/views/shown.ts';
import type { User } from '../../src/users/user.ts';
import { erase } from '../support/erase.ts';
import { operator } from '../support/operator.ts';
import { MemoryCluster } from '../support/memory-cluster.ts';

const paint = paintFor(false);
const exports = {
  connectionsPerUser: 0,
  start: (id: number, user: User) =>
    id === 13 ? Promise.reject(new Error('bad luck')) : user.sleep(1e6),
};

async function setUp(): Promise<{
  cluster: MemoryCluster;
  say: (line: string) => Promise<string>;
}> {
  const cluster = new MemoryCluster({ my_scenario: exports });
  await cluster.joinMany(2);
  const amocLocal = typedCluster(cluster.master);
  const shell = new Shell(
    new Evaluator({ amocLocal, amocDist: amocLocal }, process.cwd(), erase),
    operator,
  );
  const say = async (line: string): Promise<string> => {
    const outcome = await cluster.run(shell.run(line));
    return 'text' in outcome ? outcome.text : outcome.kind;
  };
  return { cluster, say };
}

describe('commands as one types them', () => {
  it('answer as people read', async () => {
    const { cluster, say } = await setUp();
    assert.equal(
      await say("amocLocal.do('my_scenario',1,10)"),
      'ok: my_scenario, users 1..10 on 2 processes, one every 50 ms',
    );
    assert.equal(await say('amocLocal.add(10)'), 'ok: users 11..20, one every 50 ms');
    await cluster.clock.advance(3000);
    assert.match(
      await say('amocLocal.status()'),
      /my_scenario {3}running for 3 s, ids 1\.\.12, 14\.\.20\n {2}users +19 running, 0 starting, 0 waiting, 1 crashed/,
    );
    assert.equal(
      await say('amoc_local:remove(4, [{force,true}]).'),
      'ok: users 17..20 removed at once, 15 remain',
    );
    assert.equal(
      await say('amocLocal.remove(5,<force:true>)'),
      'ok: users 11, 12, 14..16 removed at once, 10 remain',
    );
    assert.equal(
      await say('amocLocal.remove(1)'),
      'ok: user 10 will stop when their current start() returns, 9 remain',
    );
    assert.match(
      await say("amocLocal.users({ state: 'crashed' })"),
      /13 {2}local\/1 {2}crashed +0 {2}Error: bad luck/,
    );
    assert.match(await say('amocLocal.nodes()'), /local\/2 /);
    assert.match(await say('amocLocal.settings()'), /interarrival +50 {2}yes/);
    assert.match(await say('amocLocal.metrics()'), /users_started +[\d.]+\/s +20/);
    assert.match(await say('amocLocal.ping()'), /local\/1 +2 ms/);
    assert.equal(await say('amocLocal.update({ interarrival: 10 })'), 'ok: interarrival = 10');
    assert.match(await say('amocLocal.pause()'), /new starts are paused/);
    assert.match(await say('amocLocal.resume()'), /users start again/);
    assert.match(
      await say('amocLocal.remove(99, {force: true})'),
      /ok: users 1\.\.9 removed at once \(all that were present; 99 were requested\), 0 remain/,
    );
    assert.match(
      await say('amocLocal.stop()'),
      /ok: my_scenario has stopped after \d+ s; users: \d+ removed.*, 1 crashed/,
    );
    assert.equal(
      await say('amocLocal.status()').then((text) => text.split('\n')[0]),
      '  idle: no scenario is running',
    );
  });

  it('give plain objects to compute with', async () => {
    const { cluster, say } = await setUp();
    await say("amocLocal.do('my_scenario',1,4)");
    await cluster.clock.advance(3000);
    assert.equal(await say('(await amocLocal.status()).users.running'), '4');
    assert.equal(
      await say('const r = amocLocal.remove(2, {force: true}); JSON.stringify(r)'),
      '\'{"users":2,"ids":[[3,4]],"remain":2,"force":true}\'',
    );
  });

  it('are named where a cluster is typed alone', async () => {
    const { say } = await setUp();
    assert.match(await say('amocLocal'), /help\(\) lists its commands/);
  });

  it('answer a wrong name by the nearest', async () => {
    const { say } = await setUp();
    assert.equal(
      await say('amocLocal.ad(5)'),
      "** error: amocTest has no 'ad'; did you mean 'add' or 'do'?",
    );
    assert.match(await say('amocLocal.add()'), /add: undefined is not a number of users/);
    assert.match(await say('amocLocal.do()'), /do: the scenario must be a string/);
  });
});

describe('help', () => {
  it('lists every command, and tells each in full', () => {
    const list = renderingOf(help(undefined), paint)!;
    for (const { name, use } of allDocs) {
      assert.ok(list.includes(use), use);
      assert.ok(renderingOf(help(name), paint)!.includes('example'));
    }
  });
  it('finds a command by its function', () => {
    const f = document(() => {}, docOf(remove));
    assert.match(
      renderingOf(help(f), paint)!,
      /remove\(10, options\?\)[\s\S]*force.*default: false/,
    );
  });
  it('says what is near', () => {
    assert.throws(() => help('remov'), /no help for 'remov'; did you mean 'remove'/);
    assert.throws(() => help(5), { code: 'ARGUMENT' });
  });
  it('shows Erlang that parses', () => {
    const written = allDocs.flatMap(({ erlang }) => (erlang === undefined ? [] : [erlang]));
    assert.ok(written.length > 15);
    for (const erlang of written) parseCall(erlang);
  });
});

describe('lines from a pipe', () => {
  const feed = async (lines: string): Promise<{ code: number; out: string; err: string }> => {
    const shell = new Shell(new Evaluator({}, process.cwd(), erase), operator);
    const input = new PassThrough();
    const output = new PassThrough();
    const errors = new PassThrough();
    input.end(lines);
    const both = Promise.all([text(output), text(errors)]);
    const code = await runLines(shell, { input, output, errors }, () => false);
    output.end();
    errors.end();
    const [out, err] = await both;
    return { code, out, err };
  };

  it('may begin with a byte order mark', async () => {
    assert.deepEqual(await feed('\uFEFF{ 1 + 1 }\n'), { code: 0, out: '2\n', err: '' });
    assert.deepEqual(await feed('\uFEFF{force, true}.\n'), await feed('{force, true}.\n'));
  });

  it('print their values', async () => {
    assert.deepEqual(await feed('1 + 1\n[1,\n2]\n'), { code: 0, out: '2\n[ 1, 2 ]\n', err: '' });
  });
  it('stop at the first error, with its line', async () => {
    assert.deepEqual(await feed('1\n\nnothing\n2\n'), {
      code: 1,
      out: '1\n',
      err: 'stdin:3: ** ReferenceError: nothing is not defined\n',
    });
  });
  it('fail when the last one is not finished', async () => {
    const { code, err } = await feed('1\nfoo(\n');
    assert.deepEqual([code, err], [1, 'stdin:2: the input ends in the middle of a command\n']);
  });
});
