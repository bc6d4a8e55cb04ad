import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { preparedName, preparedPassword, saslPrepared } from '../../../src/xmpp/login/prepared.ts';

describe('a name or a password as it is sent', () => {
  for (const [given, name] of [
    ['user_1', 'user_1'],
    ['Ju\u0308rgen', 'Jürgen'],
    ['Ｊｕｌｉａ＿１', 'Julia_1'],
    ['ｶﾞ', 'ガ'],
    // What RFC 8265 does not map.
    ['ﬁx', 'ﬁx'],
    ['ΣΊΣΥΦΟΣ', 'ΣΊΣΥΦΟΣ'],
  ] as const) {
    it(`is the name ${name}`, () => assert.equal(preparedName(given), name));
  }

  for (const [given, password] of [
    // RFC 8265 §4.3, examples 13, 14, 15 and 16
    ['correct horse battery staple', 'correct horse battery staple'],
    ['Correct Horse Battery Staple', 'Correct Horse Battery Staple'],
    ['πßå', 'πßå'],
    ['Jack of ♦s', 'Jack of ♦s'],
    ['foo\u1680bar', 'foo bar'],
    ['pa\u0308ss\u2003w\u00a0x', 'päss w x'],
  ] as const) {
    it(`is the password ${password}`, () => assert.equal(preparedPassword(given), password));
  }

  it('has no control characters', () => {
    for (const prepare of [preparedName, preparedPassword]) {
      assert.throws(() => prepare('a\u0007b'), { code: 'CONFIG', message: /U\+0007/ });
      assert.throws(() => prepare('ä\u0085'), { code: 'CONFIG', message: /U\+0085/ });
    }
  });

  for (const [given, expected] of [
    // RFC 4013 §3
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    // What it has no form for stays.
    ['\u0627\u0031', '\u0627\u0031'],
    // Younger than its tables.
    ['pass😀', 'pass😀'],
  ] as const) {
    it(`is ${JSON.stringify(expected)} for SCRAM`, async () =>
      assert.equal(await saslPrepared(given), expected));
  }
});
