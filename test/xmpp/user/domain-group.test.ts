import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { domainOfUser, idsApart } from '../../../src/xmpp/user/domain-pattern.ts';
import { domainGroup } from '../../../src/xmpp/user/domain-group.ts';
import type { User } from '../../../src/index.ts';

function userOf(id: number, xmppDomain: string): User {
  const jidOf = (each: number): string =>
    `user_${each}@${xmppDomain === '' ? 'localhost' : domainOfUser(xmppDomain, each)}`;
  const user: Partial<User> = { id, jidOf, jid: jidOf(id), settings: { xmppDomain } };
  return user as User;
}

describe('the group of a user in its domain', () => {
  for (const [pattern, id, size, number, ids] of [
    ['', 1, 2, 1, [1, 2]],
    ['', 10, 3, 4, [10, 11, 12]],
    ['example.org', 4, 2, 2, [3, 4]],
    ['d{bucket:3}.example', 1, 2, 1, [1, 4]],
    ['d{bucket:3}.example', 4, 2, 1, [1, 4]],
    ['d{bucket:3}.example', 7, 2, 2, [7, 10]],
    ['d{bucket:3}.example', 6, 4, 1, [3, 6, 9, 12]],
    ['a{bucket:2}.b{bucket:3}.example', 7, 2, 1, [1, 7]],
    ['a{bucket:4}.b{bucket:6}.example', 13, 2, 1, [1, 13]],
    ['d{bucket:5}.example', 8, 1, 2, [8]],
  ] as const) {
    it(`is number ${number} of ${size} for user ${id} in ${pattern || 'one domain'}`, () => {
      const user = userOf(id, pattern);
      const group = domainGroup(user, size);
      assert.equal(group.number, number);
      assert.deepEqual(
        group.jids,
        ids.map((each) => user.jidOf(each)),
      );
      assert.deepEqual(
        group.others,
        group.jids.filter((each) => each !== user.jid),
      );
      assert.deepEqual(
        new Set(group.jids.map((jid) => jid.split('@')[1])),
        new Set([group.domain]),
      );
    });
  }

  it('is refused where it cannot be', () => {
    assert.throws(() => domainGroup(userOf(1, 'd{id}.example'), 2), {
      code: 'CONFIG',
      message: /each user a domain of its own; with \{bucket:N\}/,
    });
    for (const size of [0, 1.5, NaN]) {
      assert.throws(() => domainGroup(userOf(1, ''), size), { code: 'ARGUMENT' });
    }
    assert.equal(idsApart('{id}.{bucket:2}'), undefined);
  });
});
