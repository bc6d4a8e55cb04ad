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
  {
    what: 'a page of an archive says where it is, and which come before and after',
    spec: 'XEP-0313 §4.3, XEP-0059',
    differs: { embedded: { why: 'has no archive' } },
    check: (place) =>
      place.story(2, async (alice, bob) => {
        if (place.isProsody) await alice.sendIq(amoc.mam.setPreferences('always'));
        for (let at = 1; at <= 5; at++) {
          await alice.send(amoc.chatTo(bob.jid, String(at)));
          await bob.waitForStanza(amoc.isChatMessage(String(at)));
        }
        const read = async (
          options: amoc.ArchivePageOptions,
        ): Promise<[amoc.ArchivePage, string]> => {
          const page = await amoc.readArchivePage(alice, options);
          const bodies = page.messages.map(({ message }) => message.getChildText('body'));
          return [page, bodies.join()];
        };
        const [newest, last] = await read({ before: '', max: 2 });
        assert.deepEqual([last, newest.complete], ['4,5', false]);
        const [middle, before] = await read({ before: newest.first!, max: 2 });
        assert.equal(before, '2,3');
        const [end, after] = await read({ after: middle.last! });
        assert.deepEqual([after, end.complete], ['4,5', true]);
        assert.deepEqual([end.first, end.last], [newest.first, newest.last]);
        const [nothing] = await read({ after: newest.last! });
        assert.deepEqual(
          [nothing.messages.length, nothing.last, nothing.complete],
          [0, undefined, true],
        );
        // prosody counts nothing that it need not.
        assert.ok(newest.count === undefined || newest.count === 5, String(newest.count));
      }),
  },
];
