import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as amoc from '../../src/index.ts';
import type { UserConnectOptions } from '../../src/xmpp/user/target.ts';
import { forAll } from '../support/for-all.ts';
import { Place, startTarget } from './place.ts';

const USERS = 200;
const MESSAGES = 5;
/** Logins at a time. */
const AT_ONCE = 20;

const { chatTo, isChatMessage, presence } = amoc;

for (const name of ['ejabberd 24.12', 'prosody 13'] as const) {
  describe(`${USERS} users of ${name}`, () => {
    let target: Awaited<ReturnType<typeof startTarget>>;
    before(async () => {
      target = await startTarget(name);
    });
    after(() => target?.[Symbol.asyncDispose]());

    it('log in by SASL2, by a token the second time, and are resumed in the login when they are cut', async (test) => {
      if (target === undefined) {
        test.skip(`${name} is not installed: NOT tested here`);
        return;
      }
      const place = new Place(name, 'TLS', target);
      const accountOf = (id: number): UserConnectOptions => ({
        // Tokens are an account's: two servers of one domain would be given each other's.
        username: `${name.split(' ', 1)[0] ?? ''}_${id}`,
        password: `secret_${id}`,
      });
      const said: string[] = [];
      const kinds = new Map<string, number>();
      const told = (): ReturnType<Place['told']> => {
        const context = place.told();
        context.observer.connected = (kind) => kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        context.watcher = () => (direction, text) => {
          if (direction === 'out' && text.startsWith('<authenticate')) said.push(text);
        };
        return context;
      };
      await forAll(USERS, AT_ONCE, async (id) => {
        await place.register(accountOf(id));
        const session = await place.logIn(accountOf(id), { told: told() });
        await session.close();
      });
      assert.deepEqual(Object.fromEntries(kinds), { new: USERS });
      assert.equal(said.length, USERS);
      kinds.clear();
      said.length = 0;

      const received: Record<number, string[]> = {};
      await forAll(USERS, AT_ONCE, async (id) => {
        const reconnect = { first: '10ms', most: '100ms' } as const;
        const session = await place.logIn({ ...accountOf(id), reconnect }, { told: told() });
        await session.send(presence());
        await session.enableStreamManagement();
        const bodies: string[] = (received[id] = []);
        session.onStanza((stanza) => {
          if (isChatMessage()(stanza)) bodies.push(stanza.getChildText('body') ?? '');
        });
        const back = new Promise<amoc.Reconnected>((resolve) => session.onReconnect(resolve));
        await session.send(chatTo(session.jid, '0'));
        session.cut();
        for (let at = 1; at < MESSAGES; at++) await session.send(chatTo(session.jid, `${at}`));
        assert.deepEqual(await back, { resumed: true, unacked: [] });
        await session.acked();
        await session.sendIq(amoc.ping('localhost'));
        await session.close();
      });
      assert.deepEqual(Object.fromEntries(kinds), { 'by token': USERS, resumed: USERS });
      const all = Array.from({ length: MESSAGES }, (_, at) => `${at}`);
      for (const [id, bodies] of Object.entries(received)) {
        assert.deepEqual(bodies, all, `user ${id}`);
      }
      const resumptions = said.filter((text) => text.includes('<resume'));
      assert.equal(resumptions.length, USERS, 'each is asked for in the login itself');
    });
  });
}
