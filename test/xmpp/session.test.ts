import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as builders from '../../src/xmpp/builders.ts';
import * as predicates from '../../src/xmpp/predicates.ts';
import { Session } from '../../src/xmpp/session.ts';
import { ageOf, stampedId, xml } from '../../src/xmpp/stanza.ts';
import type { Element } from '../../src/xmpp/stanza.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { context } from '../support/xmpp.ts';

function setUp(): {
  session: Session;
  written: string[];
  clock: FakeClock;
  seen: ReturnType<typeof context>['seen'];
} {
  const clock = new FakeClock();
  const written: string[] = [];
  const { observer, seen } = context();
  const link = {
    write: (text: string) => {
      written.push(text);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
    destroy: () => {},
  };
  const session = new Session('user_1@localhost/res1', link, observer, (ms, call) =>
    clock.schedule(ms, call),
  );
  return { session, written, clock, seen };
}

const chat = (body: string): Element => builders.chatTo('user_1@localhost', body);

describe('a session', () => {
  it('gives a stanza to whoever waits for its like, the others to the mailbox', async () => {
    const { session } = setUp();
    const waiting = session.waitForStanza(predicates.isChatMessage('second'));
    session.deliver(chat('first'));
    session.deliver(chat('second'));
    assert.equal((await waiting).getChildText('body'), 'second');
    assert.equal((await session.waitForStanza()).getChildText('body'), 'first');
  });

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
    const { session, written, clock } = setUp();
    const asked = session.sendIq(builders.ping());
    await settle();
    const id = /id="([^"]+)"/.exec(written[0]!)![1]!;
    session.deliver(xml('iq', { type: 'result', id: 'another' }));
    session.deliver(xml('iq', { type: 'result', id }));
    assert.equal((await clock.resolve(asked)).attrs['id'], id);
  });

  it('turns an error in answer to an IQ into one', async () => {
    const { session, written, clock } = setUp();
    const asked = session.sendIq(builders.rosterGet());
    await settle();
    const id = /id="([^"]+)"/.exec(written[0]!)![1]!;
    session.deliver(
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
    const { session, seen, clock } = setUp();
    const waiting = session.waitForStanza();
    session.lost('reset by peer');
    await assert.rejects(waiting, { name: 'SessionLost', message: /reset by peer/ });
    await assert.rejects(session.send(builders.presence()), { name: 'SessionLost' });
    assert.equal(seen.lost, 1);
    assert.equal(clock.pending, 0);
  });

  it('ends its stanzas with itself', async () => {
    const { session } = setUp();
    const bodies: (string | null)[] = [];
    const reading = (async () => {
      for await (const stanza of session.stanzas()) bodies.push(stanza.getChildText('body'));
    })();
    session.deliver(chat('a'));
    session.deliver(chat('b'));
    await settle();
    await session.close();
    await reading;
    assert.deepEqual(bodies, ['a', 'b']);
  });

  it('keeps a bounded mailbox, the newest of it', async () => {
    const { session } = setUp();
    for (let at = 0; at < 500; at++) session.deliver(chat(String(at)));
    assert.equal((await session.waitForStanza()).getChildText('body'), '400');
  });

  it('counts what goes and comes, and how long it took', async () => {
    const { session, seen } = setUp();
    await session.send(chat('x'));
    await session.send('<presence/>');
    session.deliver(chat('y'));
    assert.deepEqual(seen.sent, ['message', 'presence']);
    assert.deepEqual(seen.received, ['message']);
    assert.ok(seen.delivered[0]! >= 0 && seen.delivered[0]! < 1000);
  });
});

describe('stamped ids', () => {
  it('tell their age, and others do not', () => {
    assert.ok(ageOf(stampedId())! < 1000);
    for (const other of [undefined, '', 'amoc-', 'amoc-zz', 'x-1'])
      assert.equal(ageOf(other), undefined);
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
    const message = chat('hi');
    message.attrs['from'] = 'user_2@localhost/res1';
    assert.ok(and(isChatMessage('hi'), isFrom('user_2@localhost'))(message));
    assert.ok(!isFrom('user_2@localhos')(message));
    assert.ok(or(isIq(), isChatMessage())(message));
    assert.ok(not(isPresence())(message));
    assert.ok(isPresence('available')(builders.presence()));
    assert.ok(isPresence('unavailable')(builders.presence('unavailable')));
    assert.ok(isIq('set')(builders.registerAccount('a', 'b')));
    assert.ok(!isIq('get')(builders.removeAccount()));
  });
});
