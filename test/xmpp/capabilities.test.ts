import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { capabilities, verificationString } from '../../src/xmpp/capabilities.ts';
import { openSession } from '../../src/xmpp/session/session.ts';
import { Stanza } from '../../src/xmpp/stanza.ts';
import { disco, NS, presence } from '../../src/xmpp/stanzas/index.ts';
import { MemoryWire } from '../support/memory-wire.ts';
import { context } from '../support/xmpp.ts';

describe('the capabilities of a client', () => {
  it('have the hash of the example in XEP-0115 §5.2', () => {
    const ver = verificationString(
      [{ category: 'client', type: 'pc', name: 'Exodus 0.9.1' }],
      [
        ...['http://jabber.org/protocol/muc', 'http://jabber.org/protocol/disco#items'],
        ...['http://jabber.org/protocol/disco#info', 'http://jabber.org/protocol/caps'],
      ],
    );
    assert.equal(ver, 'QgayPKawpkPSDYmwT/WM94uAlu0=');
  });

  it('have the same hash in whatever order they are named, and however often', () => {
    const client = { category: 'client', type: 'pc' };
    const one = capabilities({
      identities: [
        { ...client, lang: 'en', name: 'Psi' },
        { ...client, lang: 'el', name: 'Ψ' },
      ],
      features: ['urn:b', 'urn:a', 'urn:b'],
    });
    const other = capabilities({
      identities: [
        { ...client, lang: 'el', name: 'Ψ' },
        { ...client, lang: 'en', name: 'Psi' },
      ],
      features: ['urn:a', 'urn:b'],
    });
    assert.equal(one.ver, other.ver);
    assert.notEqual(one.ver, capabilities({ features: ['urn:a'] }).ver);
  });

  it('are sorted by octets, not by UTF-16 units', () => {
    // U+FF5E is below U+1F600 in UTF-8, and above its surrogates in UTF-16.
    const features = ['urn:\u{1f600}', 'urn:\uff5e'];
    const sorted = `urn:\uff5e<urn:\u{1f600}<`;
    assert.equal(verificationString([], features), verificationString([], [...features].reverse()));
    assert.equal(verificationString([], features), verificationString([], [sorted.slice(0, -1)]));
  });

  it('are in the presence, and what a session answers is what the hash is of', () => {
    const can = capabilities({ node: 'urn:example', features: ['urn:x+notify'] });
    const shown = presence({ extensions: [can.element] }).getChild('c', NS.caps);
    assert.deepEqual(
      [shown?.attrs['node'], shown?.attrs['ver'], shown?.attrs['hash']],
      ['urn:example', can.ver, 'sha-1'],
    );
    const wire = new MemoryWire();
    const session = openSession(
      { jid: 'user_1@localhost/res1', wire, early: [] },
      { sendBuffer: { bytes: 10_000, policy: 'wait' } },
      { observer: context().observer, schedule: () => () => {}, now: () => 0 },
    );
    session.capabilities = can;
    const ask = (node?: string): Stanza => {
      const asked = disco.info('user_1@localhost/res1', node);
      wire.owner.stanza(asked.toString());
      return new Stanza(wire.written.pop()!);
    };
    for (const node of [undefined, `urn:example#${can.ver}`]) {
      const answer = ask(node);
      const payload = answer.payload!;
      assert.equal(payload.attrs['node'], node);
      const features = payload.getChildren('feature').map(({ attrs }) => String(attrs['var']));
      assert.ok(features.includes('urn:x+notify') && features.includes(NS.ping));
      const identities = payload.getChildren('identity').map(({ attrs }) => ({
        ...{ category: String(attrs['category']), type: String(attrs['type']) },
        name: String(attrs['name']),
      }));
      assert.equal(verificationString(identities, features), can.ver);
    }
    assert.match(ask('urn:example#old').text, /type="error".*<item-not-found /);
    session.capabilities = undefined;
    assert.doesNotMatch(ask().text, /urn:x\+notify/);
  });
});
