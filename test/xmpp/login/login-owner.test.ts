import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LoginOwner } from '../../../src/xmpp/login/login-owner.ts';
import { ignoringOwner } from '../../../src/xmpp/wire/wire.ts';

function setUp(): { owner: LoginOwner; taken: string[]; shown: string[]; errors: Error[] } {
  const [taken, shown]: string[][] = [[], []];
  const errors: Error[] = [];
  const owner = new LoginOwner(1000, {
    library: { ...ignoringOwner, stanza: (text) => taken!.push(text) },
    fail: (error) => errors.push(error),
    watcher: () => (direction, text) => shown!.push(direction + text),
  });
  return { owner, taken: taken!, shown: shown!, errors };
}

describe('the owner of the wire during a login', () => {
  it('gives elements to the library until the login ends, and keeps the others', () => {
    const { owner, taken, shown } = setUp();
    owner.stanza('<success/>');
    owner.isOver = true;
    owner.stanza('<message/>');
    assert.deepEqual([taken, owner.early.all], [['<success/>'], ['<message/>']]);
    assert.deepEqual(shown, ['in<success/>', 'in<message/>']);
  });

  it('keeps what comes after an element that ends the login', () => {
    const taken: string[] = [];
    const owner: LoginOwner = new LoginOwner(1000, {
      library: {
        ...ignoringOwner,
        stanza: (text) => {
          taken.push(text);
          owner.isOver = true;
        },
      },
      fail: (error) => assert.fail(error),
    });
    owner.stanza('<success/>');
    owner.stanza('<presence/>');
    assert.deepEqual([taken, owner.early.all], [['<success/>'], ['<presence/>']]);
  });

  it('fails when all steps together are too long, and gives nothing more to the library', () => {
    const { owner, taken, errors } = setUp();
    const half = 'x'.repeat(64 * 1024);
    owner.stanza(half);
    owner.stanza(half);
    assert.deepEqual([errors.length, taken.length], [0, 2]);
    owner.stanza('<one-more/>');
    assert.deepEqual([errors.length, taken.length], [1, 2]);
  });

  it('fails when too much comes between the login and its session', () => {
    const { owner, errors } = setUp();
    owner.isOver = true;
    const part = 'x'.repeat(4 * 1024 * 1024);
    for (let count = 0; count < 4; count++) owner.stanza(part);
    assert.equal(errors.length, 0);
    owner.stanza('<presence/>');
    assert.equal(errors.length, 1);
  });
});
