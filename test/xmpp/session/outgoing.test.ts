import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isPlainlyOne, piecesOf, stanzaNameOf } from '../../../src/xmpp/session/outgoing.ts';

const message = '<message to="a@b"><body>x &lt;</body></message>';

describe('a text that is sent', () => {
  for (const [what, text] of [
    ['a message', message],
    ['a presence without content', '<presence/>'],
    ['an IQ', '<iq type="get" id="1"><ping xmlns="urn:xmpp:ping"/></iq>'],
  ] as const) {
    it(`is plainly one stanza when it is ${what}`, () =>
      assert.ok(isPlainlyOne(text, stanzaNameOf(text))));
  }

  for (const [what, text, pieces] of [
    ['two stanzas', message + message, [message, message]],
    ['a presence and a message', `<presence/>${message}`, ['<presence/>', message]],
    ['a stanza with blanks around it', `\n  ${message} \n`, [message]],
    ['a stanza behind a comment', `<!-- <a> -->${message}`, [message]],
    [
      'a message inside another',
      `<message><f>${message}</f></message>`,
      [`<message><f>${message}</f></message>`],
    ],
    ['a > in an attribute', `<presence id="a>b"/>`, [`<presence id="a>b"/>`]],
    ['tags in a CDATA section', '<message><![CDATA[</message>]]></message>', undefined],
    ['no element', 'text', undefined],
    ['half an element', '<message><body>', undefined],
    ['an end too many', '<a/></b>', undefined],
  ] as const) {
    it(`is told apart: ${what}`, () => assert.deepEqual(piecesOf(text), pieces ?? [text]));
  }
});
