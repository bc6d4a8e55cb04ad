import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetricsRegistry } from '../../../src/metrics/metrics.ts';
import { handle } from '../../../src/xmpp/helpers/handlers.ts';
import { xml } from '../../../src/xmpp/element.ts';
import type { Element } from '../../../src/xmpp/element.ts';
import {
  isChatMessage,
  isIq,
  isMessage,
  isPresence,
  isPresenceWithShow,
} from '../../../src/xmpp/predicates.ts';
import { openSession } from '../../../src/xmpp/session/session.ts';
import type { Session } from '../../../src/xmpp/session/session.ts';
import { chatTo, iq, message, ping, presence } from '../../../src/xmpp/stanzas/index.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { MemoryWire } from '../../support/memory-wire.ts';
import { context } from '../../support/xmpp.ts';

function setUp(): {
  session: Session;
  wire: MemoryWire;
  deliver: (stanza: Element) => void;
  errors: unknown[];
} {
  const clock = new FakeClock();
  const errors: unknown[] = [];
  const wire = new MemoryWire();
  const session = openSession(
    { jid: 'user_1@localhost/res1', wire, early: [] },
    { sendBuffer: { bytes: 10_000, policy: 'wait' } },
    {
      observer: context().observer,
      schedule: (ms, call) => clock.schedule(ms, call),
      now: () => clock.monotonic(),
      onError: (error) => errors.push(error),
    },
  );
  const deliver = (stanza: Element): void => wire.owner.stanza(stanza.toString());
  return { session, wire, deliver, errors };
}

const chat = (body: string): Element => chatTo('user_1@localhost', body);

describe('handlers of stanzas', () => {
  it('give a stanza to the first that fits, and keep it from all others', () => {
    const { session, deliver } = setUp();
    const told: string[] = [];
    handle(session, [
      { received: isChatMessage('special'), action: () => told.push('special') },
      {
        received: isChatMessage(),
        action: ({ text }) => told.push(/<body>([^<]*)/.exec(text)![1]!),
      },
      { received: isMessage(), action: () => told.push('any message') },
    ]);
    deliver(chat('special'));
    deliver(chat('plain'));
    deliver(message.headline('user_1@localhost', 'x'));
    deliver(presence({ show: 'away' }));
    assert.deepEqual(told, ['special', 'plain', 'any message']);
    assert.deepEqual(
      session.peekStanzas().map(({ name }) => name),
      ['presence'],
    );
  });

  it('leave a stanza to the next and to who waits when the action gives back false', async () => {
    const { session, deliver } = setUp();
    const told: string[] = [];
    handle(session, [
      { received: isPresence(), action: () => (told.push('first'), false) },
      { received: isPresence(), action: () => (told.push('second'), false) },
    ]);
    const waiting = session.waitForStanza(isPresenceWithShow('dnd'));
    deliver(presence({ show: 'dnd' }));
    assert.equal((await waiting).getChildText('show'), 'dnd');
    assert.deepEqual(told, ['first', 'second']);
  });

  it('take first what the session has kept', () => {
    const { session, deliver } = setUp();
    const bodies: (string | undefined)[] = [];
    deliver(chat('early'));
    deliver(presence());
    handle(session, [
      { received: isMessage(), action: (stanza) => bodies.push(stanza.getChildText('body')) },
    ]);
    deliver(chat('late'));
    assert.deepEqual(bodies, ['early', 'late']);
    assert.equal(session.peekStanzas().length, 1);
  });

  it('see what is sent, once and in its order, elements and texts alike', async () => {
    const { session } = setUp();
    const told: string[] = [];
    handle(session, [
      { sent: isPresence(), action: ({ type }) => told.push(`presence ${type}`) },
      { sent: isChatMessage(), action: (stanza) => told.push(stanza.getChildText('body')!) },
    ]);
    await session.send(presence('unavailable'));
    await session.send(chat('as an element'));
    await session.send(chat('as text').toString());
    await session.send(`${chat('one').toString()} ${chat('two').toString()}`);
    await session.send(ping());
    assert.deepEqual(told, ['presence unavailable', 'as an element', 'as text', 'one', 'two']);
  });

  it('end when they are told to, and others stay', () => {
    const { session, deliver } = setUp();
    const told: string[] = [];
    const ofAll = (name: string): (() => void) =>
      handle(
        session,
        [
          { received: isMessage(), action: () => (told.push(`${name} received`), false) },
          { sent: isMessage(), action: () => told.push(`${name} sent`) },
        ],
        { unhandled: () => told.push(`${name} unhandled`) },
      );
    const [first, second] = [ofAll('first'), ofAll('second')];
    const both = (): void => {
      told.length = 0;
      deliver(chat('x'));
      void session.send(chat('y'));
    };
    both();
    assert.equal(told.length, 6);
    first();
    both();
    assert.deepEqual(told, ['second received', 'second unhandled', 'second sent']);
    second();
    both();
    assert.deepEqual(told, []);
  });

  it('report what an action throws or rejects with, and the session goes on', async () => {
    const { session, deliver, errors } = setUp();
    handle(session, [
      {
        received: isChatMessage('throws'),
        action: () => {
          throw new Error('thrown');
        },
      },
      { received: isChatMessage(), action: () => Promise.reject(new Error('rejected')) },
      {
        sent: isPresence(),
        action: () => {
          throw new Error('of sent');
        },
      },
    ]);
    deliver(chat('throws'));
    deliver(chat('rejects'));
    await session.send(presence());
    await settle();
    assert.deepEqual(
      errors.map((error) => (error as Error).message),
      ['thrown', 'of sent', 'rejected'],
    );
    assert.deepEqual([session.isOpen, session.peekStanzas().length], [true, 0]);
  });

  it('do not report that the session ended while an action waited', async () => {
    const { session, deliver, errors } = setUp();
    handle(session, [
      { received: isChatMessage('asks'), action: () => session.sendIq(ping('localhost')) },
      {
        received: isChatMessage(),
        action: async () => {
          await session.sendIq(ping('localhost')).catch(() => {});
          throw new Error('of its own');
        },
      },
    ]);
    deliver(chat('asks'));
    deliver(chat('else'));
    await settle();
    session.kill();
    await settle();
    assert.deepEqual(
      errors.map((error) => (error as Error).message),
      ['of its own'],
    );
  });

  it('tell of what nobody took, by its kind, and not of requests that were answered', async () => {
    const { session, deliver, wire } = setUp();
    const kinds: string[] = [];
    handle(session, [{ received: isChatMessage(), action: () => {} }], {
      unhandled: (_, kind) => kinds.push(kind),
    });
    const waiting = session.waitForStanza(isPresence('unavailable'));
    deliver(chat('handled'));
    deliver(presence('unavailable'));
    await waiting;
    deliver(ping('user_1@localhost/res1'));
    deliver(message.headline('user_1@localhost', 'x'));
    deliver(xml('message', {}));
    deliver(xml('presence', { type: 'error' }));
    deliver(xml('message', { type: 'of-a-server' }));
    deliver(iq('set', xml('odd', { xmlns: 'urn:odd' })));
    assert.deepEqual(kinds, [
      ...['message headline', 'message normal', 'presence error', 'message other', 'iq set'],
    ]);
    assert.equal(wire.written.length, 2);
  });

  it('count what nobody took for a user, and warn of the first of each kind in a process', () => {
    const metrics = new MetricsRegistry();
    const warnings: string[] = [];
    const log = { warn: (text: string): unknown => warnings.push(text) };
    const unhandled = { log, metrics, settings: {} };
    for (let user = 0; user < 2; user++) {
      const { session, deliver } = setUp();
      handle(session, [{ received: isIq(), action: () => {} }], { unhandled });
      deliver(chat('one'));
      deliver(chat('two'));
      deliver(presence());
    }
    const { counters } = metrics.drain();
    assert.deepEqual(
      [
        counters['unhandled_stanzas{kind="message chat"}'],
        counters['unhandled_stanzas{kind="presence available"}'],
      ],
      [4, 2],
    );
    assert.equal(warnings.length, 2, warnings.join('\n'));
    assert.match(warnings[0]!, /unhandled stanza \(message chat\).*<body>one<\/body>/);
  });
});
