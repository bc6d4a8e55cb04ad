import assert from 'node:assert/strict';
import * as amoc from '../../../src/index.ts';
import type { Row } from '../row.ts';

export const archive: readonly Row[] = [
  {
    what: 'messages are archived, and the archive is read page by page',
    spec: 'XEP-0313, XEP-0059',
    differs: { embedded: { why: 'has no archive' } },
    check: (place) =>
      place.story(2, async (alice, bob) => {
        if (place.isProsody) await alice.sendIq(amoc.mam.setPreferences('always'));
        for (let at = 1; at <= 12; at++) {
          await alice.send(amoc.chatTo(bob.jid, `message ${at}`));
          await bob.waitForStanza(amoc.isChatMessage(`message ${at}`));
        }
        const bodies: (string | null)[] = [];
        const pages = amoc.readArchive(alice, { with: amoc.bareJid(bob.jid), pageSize: 5 });
        for await (const { message, at } of pages) {
          assert.ok(at !== undefined && Date.now() - at.getTime() < 60_000);
          bodies.push(message.getChildText('body'));
        }
        assert.deepEqual(
          bodies,
          Array.from({ length: 12 }, (_, at) => `message ${at + 1}`),
        );
      }),
  },
];
