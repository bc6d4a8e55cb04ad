import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SaxesParser } from 'saxes';
import { startFaultyServer } from '../support/faulty-server.ts';
import type { Fault, Stage } from '../support/faulty-server.ts';
import { assertLegible } from '../support/hostile-text.ts';
import { eventually } from '../support/eventually.ts';
import { Project } from '../support/project.ts';
import { TestTerminal } from '../support/terminal.ts';

/** A title for the terminal, a clipboard, a cleared screen, C1, another direction, a line that is made up. */
const HOSTILE =
  'B\u001b]0;FOREIGN\u0007C\u001b]52;c;UFdO\u0007\u001b[2J\u009b31m\u202eD\u2028E\n2026-11-27 00:00:00.000 [info] forged';
/** The same by C1: XML forbids ESC, and a server that sends it is cut off. */
const IN_XML =
  'B\u009d0;FOREIGN\u009cC\u009d52;c;UFdO\u009c\u009b2J\u009b31m\u202eD\u2028E\n2026-11-27 00:00:00.000 [info] forged';
/** The made-up line, as a line of its own. */
const FORGED = /^2026-11-27 00:00:00\.000/gm;

const logins = `
import type { User } from 'amoc';
export async function start(id: number, user: User) {
  await user.connect();
}
`;

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const STREAMS = 'urn:ietf:params:xml:ns:xmpp-streams';
const STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas';

/** Places of a login where a server may write what it likes. */
const faults: Record<string, { stage: Stage; fault: Fault }> = {
  'the text of a SASL failure': {
    stage: 'login',
    fault: (socket) =>
      write(socket, `<failure xmlns='${SASL}'><not-authorized/><text>${IN_XML}</text></failure>`),
  },
  'the text of a stream error': {
    stage: 'features',
    fault: (socket) =>
      write(
        socket,
        `<stream:error><policy-violation xmlns='${STREAMS}'/><text xmlns='${STREAMS}'>${IN_XML}</text></stream:error>`,
      ),
  },
  'the name of a mechanism': {
    stage: 'features',
    fault: (socket) =>
      write(
        socket,
        `<stream:features><mechanisms xmlns='${SASL}'><mechanism>X${IN_XML}</mechanism></mechanisms></stream:features>`,
      ),
  },
  'the error of a bind': {
    stage: 'bind',
    fault: (socket) => {
      socket.prependListener('data', (data) => {
        const id = /<iq[^>]* id="([^"]+)"/.exec(String(data))?.[1];
        if (id === undefined) return;
        write(
          socket,
          `<iq type='error' id='${id}'><error type='cancel'><not-allowed xmlns='${STANZAS}'/><text xmlns='${STANZAS}'>${IN_XML}</text></error></iq>`,
        );
      });
    },
  },
};

function write(socket: Socket, text: string): void {
  socket.write(text);
}

function target(port: number): Record<string, string> {
  return {
    AMOC_XMPP_HOST: '127.0.0.1',
    AMOC_XMPP_PORT: String(port),
    AMOC_XMPP_DOMAIN: 'localhost',
    AMOC_XMPP_TLS: 'none',
    AMOC_LOCAL_PROCESSES: '1',
  };
}

/** What was written to a terminal besides the sequences of its line editor: none of it may steer. */
function assertSteersNothing(bytes: string): void {
  assertLegible(bytes.replace(/\u001b\[[?\d;]*[A-Za-z]|\u001b[=>]|\u001b\(B|[\r\u0007\b]/g, ''));
  assert.doesNotMatch(bytes, /\u001b\]|\u001b\[2J/);
}

describe('a server that writes escape sequences into its errors', () => {
  for (const [place, { stage, fault }] of Object.entries(faults)) {
    it(`steers no terminal by ${place}`, async () => {
      await using server = await startFaultyServer(stage, fault);
      using project = new Project({ logins });
      Object.assign(project.env, target(server.port));
      const { out, err } = await project.lines(
        "await amocLocal.do('logins', 1, 2, { interarrival: 0 })",
        "for (let at = 0; at < 300 && (await amocLocal.users()).errors.length === 0; at++) await sleep('100ms')",
        'amocLocal.users()',
        'amocLocal.status()',
        'amocLocal.metrics()',
        'amocLocal.events()',
        '(await amocLocal.users()).errors',
        'console.log((await amocLocal.users()).errors[0].message)',
        'tail(50)',
        'new Error((await amocLocal.users()).errors[0].message)',
        'failure = (await amocLocal.users()).errors[0].message',
        'amocLocal.stop({ force: true })',
        'throw new Error(failure)',
      );
      assert.match(out, /ok: logins, users 1\.\.2/, err);
      assert.match(out, /errors +name +message/);
      assert.match(err, /stdin:13: \*\* Error: /);
      assertLegible(out, { colours: true });
      assertLegible(err, { colours: true });
      // console.log and the value of an error, as typed, have the lines that the text has.
      assert.equal(out.match(FORGED)?.length, 2, out);
      assert.doesNotMatch(err, FORGED);
    });
  }

  it('does not set the title of a terminal in which a person looks at them', async () => {
    const { stage, fault } = faults['the text of a SASL failure'] ?? assert.fail();
    await using server = await startFaultyServer(stage, fault);
    using project = new Project({ logins });
    using terminal = new TestTerminal(project, {
      columns: 110,
      rows: 40,
      env: target(server.port),
    });
    await terminal.see(/1> *$/);
    const title = terminal.title();
    const file = join(project.folder, 'typescript');
    terminal.record(file);
    terminal.line("amocLocal.do('logins', 1, 3, { interarrival: 0 })");
    await terminal.see(/ok: logins/);
    terminal.line("for (; (await amocLocal.users()).errors.length === 0;) await sleep('100ms')");
    await terminal.see(/3> *$/);
    terminal.line('amocLocal.users()');
    await terminal.see(/errors +name +message/);
    terminal.line('amocLocal.watch()');
    await terminal.see(/q leaves$/);
    terminal.key('q');
    await terminal.see(/5> *$/);
    terminal.line('throw new Error((await amocLocal.users()).errors[0].message)');
    await terminal.see(/\*\* Error: /);
    terminal.line('amocLocal.stop({ force: true })');
    await terminal.see(/has stopped after/);
    const bytes = await eventually(
      () => (existsSync(file) ? readFileSync(file, 'utf8') : ''),
      (text) => text.includes('has stopped after'),
    );
    assertSteersNothing(bytes);
    assert.equal(terminal.title(), title);
  });

  it('does not reach the terminal of amoc doctor', async () => {
    const { stage, fault } = faults['the name of a mechanism'] ?? assert.fail();
    await using server = await startFaultyServer(stage, fault);
    using project = new Project();
    const { out, err } = await project.amoc(['doctor', '--users', '1'], {
      env: target(server.port),
    });
    assert.match(out, /target: .*127\.0\.0\.1/);
    assertLegible(out + err);
  });
});

/** Its errors, log lines, labels and names of errors are hostile. */
const hostile = `
import type { User } from 'amoc';
const text = ${JSON.stringify(HOSTILE)};
export async function start(id: number, user: User) {
  user.log.info(text);
  user.log.warn(text, { [text]: text, nested: { text } });
  user.metrics.counter('requests', { kind: text, cluster: text }).add();
  user.metrics.counter('requests').add();
  user.metrics.gauge('took_seconds').set(id);
  user.metrics.histogram('took', 'ms', { kind: text }).record(5);
  const error = new Error(text);
  error.name = 'Odd' + text;
  throw error;
}
`;

describe('a run whose scenario writes escape sequences', () => {
  it('is shown, kept and handed on without them', async () => {
    using project = new Project({ hostile });
    const junit = join(project.folder, 'junit.xml');
    const ended = await project.amoc(
      [
        ...['run', 'hostile', '1', '3', '--for', '2s', '--comment', HOSTILE, '--junit', junit],
        ...['--settings', 'interarrival=0', 'repeatCount=1'],
        ...['--threshold', `requests{kind="${HOSTILE}"} total < 1`],
      ],
      { env: { AMOC_LOCAL_PROCESSES: '1' } },
    );
    assert.notEqual(ended.code, 2, ended.err);
    assert.match(ended.out, /3 crashed/);
    const shown = [ended.out, ended.err];
    for (const args of [
      ['runs'],
      ['runs', '--json'],
      ['report', 'last'],
      ['report', 'last', '--json'],
      ['compare', 'last', 'last'],
    ]) {
      const { code, out, err } = await project.amoc(args);
      assert.equal(code, 0, err);
      shown.push(out, err);
    }
    for (const text of shown) {
      assertLegible(text);
      assert.doesNotMatch(text, FORGED);
    }
    assert.match(shown.join('\n'), /FOREIGN/);
    const parser = new SaxesParser();
    parser.on('error', (error) => assert.fail(error));
    parser.write(readFileSync(junit, 'utf8')).close();
    const { out: csv } = await project.amoc(['report', 'last', '--csv']);
    const [head = '', ...rows] = csv.trimEnd().split('\r\n');
    assert.match(head, /^time,.*requests/);
    assert.ok(rows.length >= 1 && rows.every((row) => /^\d{4}-\d\d-\d\dT/.test(row)));
    const refused = await project.amoc(['report', HOSTILE]);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /^amoc: there is no run 'B·\]0;FOREIGN/);
    assertLegible(refused.err);
  });

  it('is shown without them by a node in the background, whose log has them as escapes', async () => {
    using project = new Project({ hostile });
    Object.assign(project.env, { AMOC_STOP_TIMEOUT: '200ms', AMOC_LOCAL_PROCESSES: '1' });
    const run = async (...args: string[]): Promise<string> => {
      const { code, out, err } = await project.amoc(args);
      assert.equal(code, 0, err);
      assertLegible(out + err);
      return out;
    };
    await run('start');
    try {
      const options = JSON.stringify({ comment: HOSTILE, interarrival: 0 });
      await run('eval', `amocLocal.do('hostile', 1, 2, ${options})`);
      const logged = await eventually(
        () => run('logs'),
        (text) => text.includes('FOREIGN'),
      );
      assert.match(logged, /B·\]0;FOREIGN·C/);
      assert.doesNotMatch(logged, FORGED);
      const lines = (await run('logs', '--json')).trimEnd().split('\n');
      const messages = lines.map((line) => (JSON.parse(line) as { msg?: string }).msg);
      assert.ok(messages.includes(HOSTILE));
      assertLegible(readFileSync(join(project.folder, 'home/.amoc/amoc/log/amoc.log'), 'utf8'));
      assert.match(await run('status'), /B·\]0;FOREIGN/);
      const status = JSON.parse(await run('status', '--json')) as {
        clusters: { amocLocal: { comment: string } };
      };
      assert.equal(status.clusters.amocLocal.comment, HOSTILE);
      const errors = JSON.parse(
        await run('eval', '--json', '(await amocLocal.users()).errors'),
      ) as {
        message: string;
      }[];
      assert.equal(errors[0]?.message, HOSTILE);
      await run('eval', 'amocLocal.users()');
    } finally {
      await run('stop', '--now');
    }
  });
});
