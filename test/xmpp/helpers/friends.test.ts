import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerPushes } from '../../../src/xmpp/helpers/friends.ts';
import { isIq } from '../../../src/xmpp/predicates.ts';
import { openSession } from '../../../src/xmpp/session/session.ts';
import { MemoryWire } from '../../support/memory-wire.ts';
import { context, options } from '../../support/xmpp.ts';

const push = `<iq type='set' id='push1'><query xmlns='jabber:iq:roster'><item jid='b@localhost'/></query></iq>`;

describe('answerPushes', () => {
  for (const [who, answersRequests, waits] of [
    ['a session that answers requests by itself', true, false],
    ['a session that does not', false, false],
    ['a wait', true, true],
  ] as const) {
    it(`answers a push to ${who} once`, async () => {
      const wire = new MemoryWire();
      const session = openSession(
        { jid: 'user_1@localhost/res1', wire, early: [] },
        { sendBuffer: options(0).sendBuffer, answersRequests },
        context(),
      );
      answerPushes(session);
      const waited = waits ? session.waitForStanza(isIq('set')) : undefined;
      wire.owner.stanza(push);
      if (waited !== undefined) assert.equal((await waited).id, 'push1');
      const answers = wire.written.filter((text) => text.includes('push1'));
      assert.deepEqual(answers, ['<iq type="result" id="push1"/>']);
    });
  }
});
