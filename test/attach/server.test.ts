import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { AttachClient } from '../../src/attach/client.ts';
import type { FromNode } from '../../src/attach/messages.ts';
import { ask } from '../../src/attach/request.ts';
import { AttachServer } from '../../src/attach/server.ts';
import { Evaluator } from '../../src/console/shell/evaluator.ts';
import { callingShell } from '../../src/console/shell/calling-shell.ts';
import { Shell } from '../../src/console/shell/shell.ts';
import { systemClock } from '../../src/lib/time/clock.ts';
import { erase } from '../support/erase.ts';
import { eventually } from '../support/eventually.ts';

describe('the socket of a node', () => {
  let folder: string;
  let path: string;
  let server: AttachServer;
  const told: string[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'amoc-attach-'));
    path = join(folder, 'control.sock');
    const evaluator = new Evaluator(
      {
        who: () => callingShell()?.operator.name,
        say: (text: string) => callingShell()?.operator.print(`${text}\n`),
        later: async () => {
          await nextTurn();
          return callingShell()?.operator.name;
        },
        never: () => new Promise(() => {}),
      },
      process.cwd(),
      erase,
    );
    server = await AttachServer.listen(
      path,
      {
        name: 'test',
        clock: systemClock,
        banner: () => 'welcome\n',
        openShell: (person) => new Shell(evaluator, person),
        complete: (line) => [[`${line}ed`], line],
        onAttached: (text) => told.push(text),
      },
      { 'GET /health': () => Promise.resolve({ status: 200, body: { status: 'ok' } }) },
    );
  });

  after(async () => {
    await server.close('over');
    rmSync(folder, { recursive: true });
  });

  const dial = async (who: string): Promise<AttachClient & { printed: string[] }> => {
    const printed: string[] = [];
    const client = await AttachClient.dial(path, {
      who,
      colors: 0,
      onPrint: (text) => printed.push(text),
    });
    return Object.assign(client, { printed });
  };

  /** Says something that is no message of today's. @returns why it was sent away */
  const strange = async (...messages: unknown[]): Promise<string> => {
    const socket = new WebSocket('ws://localhost/', { createConnection: () => connect(path) });
    await once(socket, 'open');
    for (const message of messages) socket.send(JSON.stringify(message));
    const [data] = (await once(socket, 'message')) as [Buffer];
    await once(socket, 'close');
    return (JSON.parse(String(data)) as { reason: string }).reason;
  };

  it('is its owner’s alone', () => {
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('evaluates for several at once, and knows who asked, also after an await', async () => {
    using anna = await dial('anna@pts/1');
    using bert = await dial('bert@pts/2');
    const [first, second, third] = await Promise.all([
      anna.run('await later()'),
      bert.run('await later()'),
      anna.run("say('hello'); const shared = 7; who()"),
    ]);
    assert.deepEqual(first, { kind: 'ok', text: "'anna@pts/1'" });
    assert.deepEqual(second, { kind: 'ok', text: "'bert@pts/2'" });
    assert.deepEqual(third, { kind: 'ok', text: "'anna@pts/1'" });
    assert.deepEqual([anna.printed, bert.printed], [['hello\n'], []]);
    assert.deepEqual(await bert.run('shared', { json: true }), { kind: 'ok', text: '7' });
    assert.deepEqual(await bert.complete('am'), [['amed'], 'am']);
    assert.ok(told.includes('bert@pts/2 has attached; also here: anna@pts/1'));
    assert.deepEqual(server.attached, ['anna@pts/1', 'bert@pts/2']);
  });

  it('ends a wait when it is told to, and outlives one who goes in the middle of it', async () => {
    using anna = await dial('anna@pts/3');
    const controller = new AbortController();
    const waiting = anna.run('await never()', { signal: controller.signal });
    controller.abort();
    const outcome = await waiting;
    assert.match(
      (outcome as { text: string }).text,
      /interrupted; what has already started continues/,
    );
    void anna.run('await never()');
    anna[Symbol.dispose]();
    await eventually(
      () => server.attached,
      (names) => names.length === 0,
    );
    assert.deepEqual((await ask(path, '/health')).body, { status: 'ok' });
  });

  it('sends away who speaks another version, or what it does not understand', async () => {
    const hello = { type: 'hello', version: 99, who: 'x', colors: 0, quiet: true };
    assert.match(await strange(hello), /version 99 of its protocol, this node version 1/);
    assert.match(await strange({ type: 'nothing' }), /not understood/);
    assert.match(await strange('text'), /not understood/);
    assert.match(
      await strange({ type: 'run', id: 1, text: '1', json: false }),
      /did not identify itself/,
    );
    assert.match(await strange({ ...hello, version: 1, who: 'a b\n' }), /not understood/);
  });

  /** Says who it is, then these. @returns what it was answered up to its end, or up to `most` messages */
  const talk = async (messages: readonly unknown[], most: number): Promise<FromNode[]> => {
    const socket = new WebSocket('ws://localhost/', { createConnection: () => connect(path) });
    await once(socket, 'open');
    const answers: FromNode[] = [];
    const ended = once(socket, 'close');
    socket.on('message', (data: Buffer) => {
      answers.push(JSON.parse(String(data)) as FromNode);
      if (answers.length >= most) socket.close();
    });
    const hello = { type: 'hello', version: 1, who: 'x', colors: 0, quiet: true };
    for (const message of [hello, ...messages]) socket.send(JSON.stringify(message));
    await ended;
    return answers;
  };

  it('counts inputs that are evaluated at once, whatever their numbers', async () => {
    const same = { type: 'run', id: 1, text: 'await never()', json: false };
    const repeated = await talk([same, same, same], Infinity);
    assert.deepEqual(repeated.slice(1), [
      {
        type: 'bye',
        reason: 'input 1 is being evaluated already; each input needs a number of its own',
      },
    ]);
    const many = await talk(
      Array.from({ length: 100 }, (_, id) => ({ ...same, id })),
      Infinity,
    );
    assert.deepEqual(many.slice(1), [
      { type: 'bye', reason: '64 inputs are being evaluated already' },
    ]);
    const after = { ...same, text: '1' };
    assert.equal((await talk([after], 2)).at(-1)?.type, 'outcome');
  });

  it('takes a number again once its input has ended', async () => {
    using anna = await dial('anna@pts/4');
    for (let i = 0; i < 100; i++) {
      assert.deepEqual(await anna.run(`${i}`), { kind: 'ok', text: String(i) });
    }
  });

  it('answers an input that is too long, and texts that are, and goes on', async () => {
    using anna = await dial('anna@pts/5');
    const long = await anna.run(`'${'x'.repeat(400 * 1024)}'`);
    assert.match((long as { text: string }).text, /\*\* error: the input is longer than/);
    assert.deepEqual(await anna.complete('x'.repeat(400 * 1024)), [[], 'x'.repeat(400 * 1024)]);
    await anna.run("await later(); say('y'.repeat(20e6))");
    const [text = ''] = anna.printed;
    assert.match(text.slice(-60), /y\n… [\d,]+ more characters\n$/);
    const json = await anna.run("'z'.repeat(20e6)", { json: true });
    assert.match((json as { text: string }).text, /20,000,002 characters as JSON/);
    assert.deepEqual(await anna.run('1 + 1'), { kind: 'ok', text: '2' });
  });

  it('answers what it has, and says what it has not', async () => {
    const { status, body } = await ask(path, '/nothing');
    assert.deepEqual([status, body], [404, { error: 'there is no GET /nothing' }]);
    await assert.rejects(ask(join(folder, 'none'), '/health'), { code: 'CONNECTION' });
    const page = new WebSocket('ws://localhost/', {
      origin: 'http://evil.example.org',
      createConnection: () => connect(path),
    });
    const [error] = (await once(page, 'error')) as [Error];
    assert.match(error.message, /401/);
  });

  it('that closes a connection before it answers is told of in words', async () => {
    const closing = createServer((socket) => socket.destroy());
    const there = join(folder, 'closing.sock');
    closing.listen(there);
    await once(closing, 'listening');
    const dialled = AttachClient.dial(there, { who: 'x', colors: 0, onPrint: () => {} });
    await assert.rejects(dialled, /closed the connection before it answered.*ulimit -n/);
    closing.close();
  });
});
