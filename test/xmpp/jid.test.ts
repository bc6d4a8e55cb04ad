import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isJidOf, isSameJid, prepareJid } from '../../src/xmpp/jid.ts';

describe('JIDs', () => {
  for (const [a, b, isSame] of [
    ['Room@Conf.Example', 'room@conf.example', true],
    ['a@B/Res', 'A@b/Res', true],
    ['a@b/Res', 'a@b/res', false],
    ['a@b/x@Y', 'a@b/x@y', false],
    ['jürgen@example.org', 'JÜRGEN@example.org', true],
    ['ju\u0308rgen@example.org', 'jürgen@example.org', true],
    ['\uff41@b', 'a@b', true],
    ['a@bücher.example', 'A@BÜCHER.example', true],
    ['a@b/ﬀ', 'a@b/ff', true],
    ['a@b', 'a@b/c', false],
    ['a@b', 'a@bc', false],
    ['a@b', 'a@c', false],
    ['e\u0301@b', 'e@b', false],
    ['', '', true],
  ] as const) {
    it(`${JSON.stringify(a)} and ${JSON.stringify(b)} are ${isSame ? 'one' : 'two'}`, () => {
      assert.equal(isSameJid(a, b), isSame);
      assert.equal(isSameJid(b, a), isSame);
    });
  }

  it('with a resource are of their bare JID, and not the other way round', () => {
    assert.ok(isJidOf('Room@conf/nick', 'room@CONF'));
    assert.ok(isJidOf('zürich@conf/nick', 'ZÜRICH@conf'));
    assert.ok(!isJidOf('room@conf', 'room@conf/nick'));
    assert.ok(!isJidOf('room@conference', 'room@conf'));
    assert.ok(!isJidOf('room@conf/a/b', 'room@conf/a'));
    assert.ok(!isJidOf(undefined, 'room@conf'));
  });

  it('compare as their prepared forms do, by letters or not', () => {
    const part = fc.string({
      unit: fc.constantFrom('a', 'A', 'b', 'B', '.', 'é', 'É', 'e', '\u0301', 'ﬀ', '\uff41', 'K'),
      maxLength: 5,
    });
    const jid = fc
      .tuple(part, part, fc.option(part, { nil: undefined }))
      .map(([local, domain, resource]) => {
        const bare = local === '' ? domain : `${local}@${domain}`;
        return resource === undefined ? bare : `${bare}/${resource}`;
      });
    fc.assert(
      fc.property(jid, jid, (a, b) => isSameJid(a, b) === (prepareJid(a) === prepareJid(b))),
      { numRuns: 5000 },
    );
  });
});
