import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress } from '../../../src/xmpp/embedded/address.ts';

describe('parseAddress', () => {
  it('takes a JID to pieces, prepared', () => {
    assert.deepEqual(parseAddress('User_1@LocalHost/Res/1@x'), {
      local: 'user_1',
      domain: 'localhost',
      resource: 'Res/1@x',
      bare: 'user_1@localhost',
      full: 'user_1@localhost/Res/1@x',
    });
    assert.equal(parseAddress('ZÜRICH@conference.localhost')?.local, 'zürich');
    assert.equal(parseAddress('localhost')?.local, '');
    assert.equal(parseAddress('a@[::1]')?.domain, '[::1]');
  });

  for (const text of [
    ...['', '@', '@@/', '@localhost', 'a@', 'a@localhost/', '/x', 'a b@localhost', 'a@b@c'],
    ...['a"@localhost', '<a>@localhost', 'a@local host', 'a@localhost/x\u0007'],
    ...[`${'a'.repeat(1024)}@localhost`, `a@${'a'.repeat(1024)}`, `a@b/${'a'.repeat(1024)}`],
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))}, of ${text.length} characters`, () => {
      assert.equal(parseAddress(text), undefined);
    });
  }
});
