import assert from 'node:assert/strict';
import * as amoc from '../../../src/index.ts';
import type { Row } from '../row.ts';

const { bareJid, chatTo, isIq, xml } = amoc;

const version = (to: string): amoc.Element =>
  amoc.iq('get', xml('query', { xmlns: 'jabber:iq:version' }), to);

/** A text as a regular expression: servers name resources with `+` and the like in them. */
const literal = (text: string): string => text.replace(/[^\w@]/g, String.raw`\$&`);

export const requests: readonly Row[] = [
  {
    what: 'a client answers a ping, and what it does not know with service-unavailable',
    spec: 'RFC 6120 §8.2.3, XEP-0199 §4.3',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await alice.sendIq(amoc.ping(bob.jid));
        const answer = await alice.sendIq(version(bob.jid));
        assert.equal(answer.payload?.getChildText('name'), 'amoc');
        const info = await alice.sendIq(amoc.disco.info(bob.jid));
        assert.ok(amoc.hasFeature('urn:xmpp:ping')(info));
        const odd = amoc.iq('set', xml('odd', { xmlns: 'urn:odd' }), bob.jid);
        await assert.rejects(alice.sendIq(odd), {
          name: 'StanzaError',
          condition: 'service-unavailable',
          message: new RegExp(
            `^${literal(bob.jid)} answered service-unavailable to the set of urn:odd`,
          ),
        });
      }),
  },
  {
    what: 'a request that a handler or a wait takes is theirs to answer',
    spec: 'RFC 6120 §8.2.3',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const asked = bob.waitForStanza(isIq('get', 'jabber:iq:version'));
        const answer = alice.sendIq(version(bob.jid));
        const own = xml('query', { xmlns: 'jabber:iq:version' }, xml('name', {}, 'by hand'));
        await bob.send(amoc.iq.result(await asked, own));
        assert.equal((await answer).payload?.getChildText('name'), 'by hand');
      }),
  },
  {
    what: 'only who was asked can answer a request',
    spec: 'RFC 6120 §8.1.2.1',
    check: (place) =>
      place.story(3, async (alice, bob, eve) => {
        const asked = bob.waitForStanza(isIq('get'));
        const request = version(bob.jid);
        const answer = alice.sendIq(request);
        await eve.send(
          xml('iq', { type: 'result', id: request.attrs['id'] as string, to: alice.jid }),
        );
        // What eve sends next has come behind it.
        await eve.send(chatTo(alice.jid, 'behind'));
        await alice.waitForStanza(amoc.isChatMessage('behind'));
        const payload = xml('query', { xmlns: 'jabber:iq:version' }, xml('name', {}, 'bob'));
        await bob.send(amoc.iq.result(await asked, payload));
        assert.equal((await answer).payload?.getChildText('name'), 'bob');
      }),
  },
  {
    what: 'the server answers a ping and the question for its version, and lists what is below it',
    spec: 'XEP-0199 §4.2, XEP-0092, XEP-0030 §4',
    check: (place) =>
      place.story(1, async (alice) => {
        await alice.sendIq(amoc.ping('localhost'));
        await alice.sendIq(amoc.ping());
        await alice.sendIq(amoc.ping(bareJid(alice.jid)));
        const answer = await alice.sendIq(version('localhost'));
        assert.ok((answer.payload?.getChildText('name') ?? '') !== '');
        const items = await alice.sendIq(amoc.disco.items('localhost'));
        assert.equal(items.payload?.getNS(), 'http://jabber.org/protocol/disco#items');
      }),
  },
  {
    what: 'a request of an unknown kind is answered with service-unavailable',
    spec: 'RFC 6120 §8.4',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const odd = (to?: string): amoc.Element =>
          amoc.iq('get', xml('odd', { xmlns: 'urn:odd' }), to);
        const elsewhere = `${bareJid(bob.jid)}/elsewhere`;
        for (const to of [undefined, 'localhost', bareJid(bob.jid), elsewhere]) {
          await assert.rejects(alice.sendIq(odd(to)), { condition: 'service-unavailable' }, to);
        }
      }),
  },
  {
    what: 'a request to the own full JID comes to oneself',
    spec: 'RFC 6121 §8.5.3.1',
    check: (place) =>
      place.story(1, async (alice) => {
        const asked = alice.waitForStanza(isIq('get', 'jabber:iq:version'));
        const answer = alice.sendIq(version(alice.jid));
        assert.equal((await asked).from, alice.jid);
        const own = xml('query', { xmlns: 'jabber:iq:version' }, xml('name', {}, 'me'));
        await alice.send(amoc.iq.result(await asked, own));
        assert.equal((await answer).payload?.getChildText('name'), 'me');
      }),
  },
  {
    what: 'a request with no payload is refused',
    spec: 'RFC 6120 §8.2.3',
    check: (place) =>
      place.story(1, async (alice) => {
        await assert.rejects(alice.sendIq(amoc.iq('get', undefined, 'localhost')), {
          condition: 'bad-request',
        });
      }),
  },
];
