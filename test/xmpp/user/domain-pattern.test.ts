import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { domainOfUser } from '../../../src/xmpp/user/domain-pattern.ts';
import { resolveSettings } from '../../../src/config/resolve.ts';
import { xmppVariables } from '../../../src/xmpp/settings.ts';
import type { XmppSettings } from '../../../src/xmpp/settings.ts';
import { connectOptions } from '../../../src/xmpp/user/target.ts';
import type { User } from '../../../src/index.ts';
import { MemoryCluster } from '../../support/memory-cluster.ts';

function settings(xmppDomain: string): XmppSettings {
  const call = { xmppDomain, xmppHost: '127.0.0.1' };
  return resolveSettings(xmppVariables, { call }, '') as XmppSettings;
}

describe('a pattern of domains', () => {
  it('gives users their domains in turn', () => {
    for (const [pattern, id, domain] of [
      ['example.org', 7, 'example.org'],
      ['{id}.example', 7, '7.example'],
      ['d{bucket:100}.example', 1, 'd1.example'],
      ['d{bucket:100}.example', 100, 'd100.example'],
      ['d{bucket:100}.example', 101, 'd1.example'],
      ['a{bucket:2}.b{bucket:3}.{id}', 6, 'a2.b3.6'],
    ] as const) {
      assert.equal(domainOfUser(pattern, id), domain, `${pattern} of ${id}`);
    }
  });

  it('is where the user logs in', async () => {
    const { domain, host } = await connectOptions(settings('d{bucket:10}.example'), 12, {});
    assert.deepEqual({ domain, host }, { domain: 'd2.example', host: '127.0.0.1' });
  });

  for (const wrong of ['d{user}.x', '{bucket}', '{bucket:0}', '{bucket:1000001}', '{id', 'id}']) {
    it(`has no ${wrong}`, () => {
      assert.throws(() => settings(wrong), /xmppDomain: .* is not a domain; in braces/);
    });
  }

  it("tells a user the others' JIDs", async () => {
    const told: string[] = [];
    const start = (id: number, user: User): void => {
      told.push(`${user.jid} → ${user.jidOf(id + 1)}`);
    };
    const cluster = new MemoryCluster({ chat: { start } });
    await cluster.join('slave1');
    const own = { xmppHost: '127.0.0.1', xmppDomain: 'd{bucket:2}.example' };
    const options = { settings: { ...own, interarrival: 1, repeatCount: 1 } };
    await cluster.run(cluster.master.do('chat', 1, 2, options));
    await cluster.clock.advance(1000);
    assert.deepEqual(told, [
      'user_1@d1.example → user_2@d2.example',
      'user_2@d2.example → user_3@d1.example',
    ]);
  });
});
