import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StopResult } from '../../../src/control/results.ts';
import { Project } from '../../support/project.ts';

const scenario = `
import { client, xml } from '@xmpp/client';
import type { User } from 'amoc';

export async function start(id: number, user: User): Promise<void> {
  const { xmppHost, xmppPort, xmppDomain } = user.settings as unknown as Record<string, string>;
  const xmpp = user.follow(
    client({
      service: \`xmpp://\${xmppHost}:\${xmppPort}\`,
      domain: xmppDomain!,
      username: \`user_\${id}\`,
      password: \`password_\${id}\`,
    }),
  );
  await xmpp.start();
  await xmpp.send(xml('presence'));
  await xmpp.send(xml('message', { to: user.jid, type: 'chat' }, xml('body', {}, 'hello')));
  await user.sleep(300);
}
`;

describe('a client of @xmpp/client', () => {
  it('is used in a scenario as it is, counted, and stopped with its user', async () => {
    using project = new Project({ plain: scenario });
    const args = [
      'run',
      'plain',
      '1',
      '3',
      '--json',
      '--settings',
      'repeatCount=1',
      'interarrival=10ms',
    ];
    const { code, out, err } = await project.amoc(args);
    assert.equal(code, 0, `${err}\n${out}`);
    const { users, metrics, messages } = JSON.parse(out) as StopResult;
    assert.deepEqual([users.finished, users.crashed], [3, 0]);
    assert.equal(metrics.counters['connections'], 3);
    assert.equal(metrics.counters['connections_lost'] ?? 0, 0);
    assert.deepEqual([messages.sent, messages.received], [3, 3]);
  });
});
