import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectError } from '../../../src/xmpp/errors.ts';
import { xml } from '../../../src/xmpp/element.ts';
import type { Element } from '../../../src/xmpp/element.ts';
import * as predicates from '../../../src/xmpp/predicates.ts';
import { openSession } from '../../../src/xmpp/session/session.ts';
import type { Session } from '../../../src/xmpp/session/session.ts';
import type { SendPolicy } from '../../../src/xmpp/session/session-parts.ts';
import { Stanza } from '../../../src/xmpp/stanza.ts';
import * as builders from '../../../src/xmpp/stanzas/index.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { MemoryWire } from '../../support/memory-wire.ts';
import { context } from '../../support/xmpp.ts';

function setUp(policy: SendPolicy = 'wait'): {
  session: Session;
  wire: MemoryWire;
  written: string[];
  deliver: (stanza: Element | string) => void;
  clock: FakeClock;
  seen: ReturnType<typeof context>['seen'];
} {
  const clock = new FakeClock();
  const { observer, seen } = context();
  const wire = new MemoryWire();
  const session = openSession(
    { jid: 'user_1@localhost/res1', wire, early: [] },
    { sendBuffer: { bytes: 1000, policy } },
    {
      observer,
      schedule: (ms, call) => clock.schedule(ms, call),
      now: () => clock.monotonic(),
    },
  );
  const deliver = (stanza: Element | string): void => wire.owner.stanza(stanza.toString());
  return { session, wire, written: wire.written, deliver, clock, seen };
}

const chat = (body: string): Element => builders.chatTo('user_1@localhost', body);

describe('a session', () => {
  it('gives a stanza to whoever waits for its like, the others to the mailbox', async () => {
    const { session, deliver } = setUp();
    const waiting = session.waitForStanza(predicates.isChatMessage('second'));
    deliver(chat('first'));
    deliver(chat('second'));
    assert.equal((await waiting).getChildText('body'), 'second');
    assert.equal((await session.waitForStanza()).getChildText('body'), 'first');
  });

  for (const [what, wait] of [
    ['a stanza', (session: Session) => session.waitForStanza()],
    ['what answers a stanza', (session: Session) => session.sendAndWait('<presence/>')],
    ['an answer', (session: Session) => session.sendIq(builders.ping('localhost'))],
  ] as const) {
    it(`says which line waited in vain for ${what}`, async () => {
      const { session, clock } = setUp();
      async function lineOfTheScenario(): Promise<void> {
        await wait(session);
      }
      await assert.rejects(clock.resolve(lineOfTheScenario()), (error: Error) => {
        assert.equal(error.name, 'StanzaTimeout');
        assert.match(error.stack!, /at async lineOfTheScenario .*session\.test/);
        return true;
      });
    });
  }

  it('says what did not come in time, and leaves no timer', async () => {
    const { session, clock } = setUp();
    await assert.rejects(
      clock.resolve(session.waitForStanza(predicates.isIq(), { timeout: '2s' })),
      {
        name: 'StanzaTimeout',
        message: /within 2 s/,
      },
    );
    assert.equal(clock.pending, 0);
  });

  it('matches the answer of an IQ by its id', async () => {
    const { session, written, deliver, clock } = setUp();
    const asked = session.sendIq(builders.ping());
    await settle();
    const id = /id="([^"]+)"/.exec(written[0]!)![1]!;
    deliver(xml('iq', { type: 'result', id: 'another' }));
    deliver(xml('iq', { type: 'result', id }));
    assert.equal((await clock.resolve(asked)).id, id);
  });

  it('turns an error in answer to an IQ into one', async () => {
    const { session, written, deliver, clock } = setUp();
    const asked = session.sendIq(builders.roster.get());
    await settle();
    const id = /id="([^"]+)"/.exec(written[0]!)![1]!;
    deliver(
      xml(
        'iq',
        { type: 'error', id },
        xml(
          'error',
          { type: 'cancel' },
          xml('item-not-found', { xmlns: 'urn:ietf:params:xml:ns:xmpp-stanzas' }),
        ),
      ),
    );
    await assert.rejects(clock.resolve(asked), {
      name: 'StanzaError',
      condition: 'item-not-found',
    });
  });

  it('rejects every wait when the connection is gone', async () => {
    const { session, seen, wire, clock } = setUp();
    const waiting = session.waitForStanza();
    wire.owner.failed(new Error('reset by peer'));
    await assert.rejects(waiting, { name: 'SessionLost', message: /reset by peer/ });
    await assert.rejects(session.send(builders.presence()), { name: 'SessionLost' });
    assert.equal(seen.lost.length, 1);
    assert.equal(clock.pending, 0);
  });

  it('ends its stanzas with itself', async () => {
    const { session, deliver, wire } = setUp();
    const bodies: (string | undefined)[] = [];
    const reading = (async () => {
      for await (const stanza of session.stanzas()) bodies.push(stanza.getChildText('body'));
    })();
    deliver(chat('a'));
    deliver(chat('b'));
    await settle();
    const closing = session.close();
    wire.owner.ended();
    await closing;
    await reading;
    assert.deepEqual(bodies, ['a', 'b']);
  });

  it('keeps a bounded mailbox, the newest of it', async () => {
    const { session, deliver } = setUp();
    for (let at = 0; at < 500; at++) deliver(chat(String(at)));
    assert.equal((await session.waitForStanza()).getChildText('body'), '400');
  });

  it('counts what goes and comes, and how long it took', async () => {
    const { session, seen, deliver } = setUp();
    await session.send(chat('x'));
    await session.send('<presence/>');
    deliver(chat('y'));
    assert.deepEqual(seen.sent, ['message', 'presence']);
    assert.deepEqual(seen.received, ['message']);
    assert.ok(seen.delivered[0]! >= 0 && seen.delivered[0]! < 1000);
  });
});

describe('builders and predicates', () => {
  it('escape what is put into a stanza', () => {
    const text = builders.chatTo('a"b@c', '<&>').toString();
    assert.match(text, /to="a&quot;b@c"/);
    assert.match(text, /<body>&lt;&amp;&gt;<\/body>/);
  });

  it('fit each other', () => {
    const { isChatMessage, isFrom, isIq, isPresence, and, or, not } = predicates;
    const element = chat('hi');
    element.attrs['from'] = 'user_2@localhost/res1';
    const message = Stanza.of(element);
    assert.ok(and(isChatMessage('hi'), isFrom('user_2@localhost'))(message));
    assert.ok(!isFrom('user_2@localhos')(message));
    assert.ok(or(isIq(), isChatMessage())(message));
    assert.ok(not(isPresence())(message));
    assert.ok(isPresence('available')(Stanza.of(builders.presence())));
    assert.ok(isPresence('unavailable')(Stanza.of(builders.presence('unavailable'))));
    assert.ok(isIq('set')(Stanza.of(builders.registerAccount('a', 'b'))));
    assert.ok(!isIq('get')(Stanza.of(builders.removeAccount())));
  });
});

describe('sending', () => {
  const full = (policy: SendPolicy): ReturnType<typeof setUp> => {
    const all = setUp(policy);
    all.wire.pending = 5000;
    return all;
  };

  it('makes no promise for a stanza while there is room', () => {
    const { session } = setUp();
    assert.equal(session.send(chat('a')), session.send(chat('b')));
  });

  it('waits for room when the buffer is full', async () => {
    const { session, wire, written } = full('wait');
    let isSent = false;
    const sending = session.send(chat('a')).then(() => (isSent = true));
    await settle();
    assert.equal(isSent, false);
    wire.pending = 0;
    wire.owner.drained();
    await sending;
    assert.equal(written.length, 1);
  });

  it('drops and counts when told so', async () => {
    const { session, written, seen } = full('drop');
    await session.send(chat('a'));
    assert.deepEqual([written.length, seen.dropped, seen.sent.length], [0, 1, 0]);
  });

  it('ends the session when told so, or when nobody ever waits', async () => {
    const failing = full('fail');
    await assert.rejects(failing.session.send(chat('a')), { name: 'SendBufferFull' });
    assert.equal(failing.session.isOpen, false);
    const careless = full('wait');
    careless.wire.pending = 17_000;
    await assert.rejects(careless.session.send(chat('a')), { name: 'SendBufferFull' });
    assert.ok(careless.wire.isDestroyed);
  });
});

describe('handlers', () => {
  it('that take a stanza leave nothing to keep', async () => {
    const { session, deliver } = setUp();
    session.onStanza((stanza) => stanza.getChildText('body') === 'mine');
    deliver(chat('mine'));
    deliver(chat('yours'));
    assert.deepEqual(
      session.peekStanzas().map((stanza) => stanza.getChildText('body')),
      ['yours'],
    );
    session.keepOnly('none');
    deliver(chat('lost'));
    assert.equal(session.peekStanzas().length, 0);
    const waiting = session.waitForStanza(predicates.isChatMessage('awaited'));
    deliver(chat('awaited'));
    assert.equal((await waiting).name, 'message');
  });

  it('see both directions while they watch', async () => {
    const { session, deliver } = setUp();
    const seen: string[] = [];
    const stop = session.watch((direction, text) => seen.push(`${direction} ${text.slice(0, 8)}`));
    await session.send(chat('a'));
    deliver(chat('b'));
    stop();
    deliver(chat('c'));
    assert.deepEqual(seen, ['out <message', 'in <message']);
  });
});

describe('stream management', () => {
  const enabled = `<enabled xmlns="urn:xmpp:sm:3" id="abc" resume="true"/>`;
  const acks = (written: readonly string[]): string[] =>
    written.filter((each) => each.startsWith('<a '));

  async function managed(): Promise<ReturnType<typeof setUp>> {
    const all = setUp();
    const enabling = all.session.enableStreamManagement();
    all.deliver(enabled);
    await enabling;
    return all;
  }

  it('counts what is received, and tells when asked', async () => {
    const { deliver, written } = await managed();
    deliver(chat('a'));
    deliver('<presence/>');
    deliver('<r xmlns="urn:xmpp:sm:3"/>');
    assert.deepEqual(acks(written), ['<a xmlns="urn:xmpp:sm:3" h="2"/>']);
  });

  it('keeps what is sent until it is acknowledged', async () => {
    const { session, deliver } = await managed();
    await session.send(chat('a'));
    await session.send(chat('b'));
    assert.equal(session.unacked, 2);
    deliver('<a xmlns="urn:xmpp:sm:3" h="1"/>');
    assert.equal(session.unacked, 1);
    assert.match(session.resumption?.unacked[0] ?? '', /<body>b</);
    const waiting = session.acked();
    deliver('<a xmlns="urn:xmpp:sm:3" h="2"/>');
    await waiting;
  });

  it('ends a session whose server acknowledges what was never sent', async () => {
    const { session, deliver } = await managed();
    deliver('<a xmlns="urn:xmpp:sm:3" h="5"/>');
    await assert.rejects(session.waitForStanza(), {
      name: 'SessionLost',
      message: /acknowledged more/,
    });
  });

  it('says why the server refuses', async () => {
    const { session, deliver } = setUp();
    const enabling = session.enableStreamManagement();
    deliver(
      `<failed xmlns="urn:xmpp:sm:3"><unexpected-request xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></failed>`,
    );
    await assert.rejects(enabling, { name: 'StanzaError', condition: 'unexpected-request' });
  });
});

describe('errors of a connection', () => {
  it('tell a limit of the load generator from the fault of a server', () => {
    const of = (code: string): ConnectError =>
      new ConnectError('connect', 'h:1', Object.assign(new Error(code), { code }));
    for (const code of ['EADDRNOTAVAIL', 'EMFILE', 'ENOBUFS']) {
      assert.deepEqual([of(code).name, of(code).isLocal], ['GeneratorLimit', true]);
      assert.match(of(code).message, /limit of the load generator/);
    }
    assert.deepEqual(
      [of('ECONNREFUSED').name, of('ECONNREFUSED').isLocal],
      ['ConnectFailed', false],
    );
  });
});
