import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressOf } from '../../../src/xmpp/user/target.ts';
import { findBySrv } from '../../../src/xmpp/wire/srv.ts';

describe('where a server is', () => {
  it('is told by SRV records: best priority, users by weight, asked once', async () => {
    let asked = 0;
    const resolve = (
      name: string,
    ): Promise<{ name: string; port: number; priority: number; weight: number }[]> => {
      asked++;
      assert.equal(name, '_xmpp-client._tcp.one.example');
      return Promise.resolve([
        { name: 'a', port: 1, priority: 5, weight: 3 },
        { name: 'b', port: 2, priority: 5, weight: 1 },
        { name: 'spare', port: 3, priority: 10, weight: 1 },
      ]);
    };
    const hosts: string[] = [];
    for (let turn = 0; turn < 8; turn++)
      hosts.push((await findBySrv('one.example', '_xmpp-client._tcp', turn, resolve)).host);
    assert.deepEqual(hosts, ['a', 'a', 'a', 'b', 'a', 'a', 'a', 'b']);
    assert.equal(asked, 1);
    await assert.rejects(
      findBySrv('two.example', '_xmpps-client._tcp', 1, () =>
        Promise.reject(new Error('ENOTFOUND')),
      ),
      /no SRV record _xmpps-client\._tcp\.two\.example.*AMOC_XMPP_SRV/,
    );
    await assert.rejects(
      findBySrv('three.example', '_xmpp-client._tcp', 1, () =>
        Promise.resolve([{ name: '.', port: 0, priority: 0, weight: 0 }]),
      ),
      /has no such service/,
    );
  });

  it('is told by a list of hosts, of which users take one after the other', () => {
    const list = 'a:1, b ,[::1]:3,::2';
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((id) => addressOf(list, id)),
      [
        { host: 'a', port: 1 },
        { host: 'b' },
        { host: '::1', port: 3 },
        { host: '::2' },
        { host: 'a', port: 1 },
      ],
    );
  });
});
