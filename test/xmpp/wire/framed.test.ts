import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withNamespace } from '../../../src/xmpp/wire/framed.ts';

describe('a stanza without a stream around it', () => {
  for (const text of [
    '<message xmlns="jabber:client" to="a"/>',
    '<message\nxmlns="jabber:client" to="a"/>',
    "<message to='a>b' xmlns = 'jabber:client'/>",
    '<message id="a>b" xmlns="jabber:client"><body>x</body></message>',
  ]) {
    it(`keeps the namespace that it has: ${JSON.stringify(text)}`, () => {
      assert.equal(withNamespace(text), text);
    });
  }

  for (const [text, named] of [
    ['<iq/>', '<iq xmlns="jabber:client"/>'],
    [
      '<iq type="get"><a xmlns="b"/></iq>',
      '<iq xmlns="jabber:client" type="get"><a xmlns="b"/></iq>',
    ],
    ['<message id="x xmlns=y"/>', '<message xmlns="jabber:client" id="x xmlns=y"/>'],
    ['<message id="a> xmlns=y"/>', '<message xmlns="jabber:client" id="a> xmlns=y"/>'],
  ] as const) {
    it(`gets the one that it lacks: ${JSON.stringify(text)}`, () => {
      assert.equal(withNamespace(text), named);
    });
  }
});
