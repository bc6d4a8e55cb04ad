import assert from 'node:assert/strict';
import * as amoc from '../../../src/index.ts';
import type { Row } from '../row.ts';
import { on } from '../row.ts';

const { bareJid, xml } = amoc;

export const services: readonly Row[] = [
  {
    what: 'a vCard is kept, and read by others',
    spec: 'XEP-0054',
    differs: { embedded: { why: 'has no vCards' } },
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await alice.sendIq(amoc.vcard.set({ FN: 'Alice', N: { GIVEN: 'Alice' } }));
        const card = await bob.sendIq(amoc.vcard.get(bareJid(alice.jid)));
        assert.equal(card.getChild('vCard')?.getChildText('FN'), 'Alice');
      }),
  },
  {
    what: 'others are blocked, listed and unblocked',
    spec: 'XEP-0191',
    differs: { embedded: { why: 'has no blocking' } },
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await alice.sendIq(amoc.blocking.block(bareJid(bob.jid)));
        const blocked = await alice.sendIq(amoc.blocking.get());
        assert.match(blocked.text, new RegExp(bareJid(bob.jid)));
        await alice.sendIq(amoc.blocking.unblock());
      }),
  },
  {
    what: 'private XML is stored, and read again',
    spec: 'XEP-0049',
    differs: { embedded: { why: 'has no private storage' } },
    check: (place) =>
      place.story(1, async (alice) => {
        await alice.sendIq(amoc.privateStorage.set(xml('thing', { xmlns: 'urn:test' }, 'x')));
        const stored = await alice.sendIq(amoc.privateStorage.get('thing', 'urn:test'));
        assert.ok(amoc.isPrivateResult()(stored));
      }),
  },
  {
    what: 'the server tells what it is and has',
    spec: 'XEP-0030',
    check: (place) =>
      place.story(1, async (alice) => {
        const info = await alice.sendIq(amoc.disco.info('localhost'));
        assert.ok(amoc.hasFeature('urn:xmpp:ping')(info));
        assert.ok(amoc.hasIdentity('server', 'im')(info));
      }),
  },
  {
    what: 'a client that says it is inactive continues',
    spec: 'XEP-0352',
    check: (place) =>
      place.story(1, async (alice) => {
        await alice.send(amoc.csi.inactive());
        await alice.sendIq(amoc.ping('localhost'));
      }),
  },
  {
    what: 'privacy lists are set, activated and listed',
    spec: 'XEP-0016',
    differs: on(['prosody 0.12', 'prosody 13', 'embedded'], { why: 'has no privacy lists' }),
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await alice.sendIq(
          amoc.privacy.set('list', [{ action: 'deny', order: 1, type: 'jid', value: bob.jid }]),
        );
        await alice.sendIq(amoc.privacy.activate('list'));
        const lists = await alice.sendIq(amoc.privacy.getAll());
        assert.ok(amoc.isPrivacyResult({ active: 'list' })(lists));
        await alice.sendIq(amoc.privacy.activate());
      }),
  },
  {
    what: 'a file is put where the server says, and others get it',
    spec: 'XEP-0363',
    differs: { embedded: { why: 'has no place for files' } },
    check: (place) =>
      place.story(1, async (alice) => {
        const file = { name: 'hello <&> é.txt', type: 'text/plain', content: 'hello é' };
        const { getUrl } = await amoc.uploadFile(alice, 'upload.localhost', file);
        assert.equal(await (await fetch(getUrl)).text(), 'hello é');
        const bytes = { name: 'zeros.bin', size: 50_000 };
        const { getUrl: second } = await amoc.uploadFile(alice, 'upload.localhost', bytes);
        assert.equal((await (await fetch(second)).arrayBuffer()).byteLength, 50_000);
        const tooLong = { name: 'x', size: 2_000_000 };
        await assert.rejects(amoc.uploadFile(alice, 'upload.localhost', tooLong), {
          name: 'StanzaError',
          condition: 'not-acceptable',
        });
      }),
  },
];
