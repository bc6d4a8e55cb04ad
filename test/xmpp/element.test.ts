import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { escapeXml, parseElement } from '../../src/xmpp/element.ts';
import { template } from '../../src/xmpp/template.ts';
import { chatTo } from '../../src/xmpp/stanzas/index.ts';

const chat = template<'body'>(chatTo('a@b', '{body}'));

describe('text that becomes XML', () => {
  for (const [what, text] of [
    ['U+0002', 'a\u0002b'],
    ['U+000C', 'a\u000cb'],
    ['U+FFFF', 'a\uffffb'],
    ['U+D83D', 'a\ud83d'],
    ['U+DE00', '\ude00b'],
  ] as const) {
    it(`is refused with ${what}, which is named`, () => {
      const refusal = { code: 'ARGUMENT', message: new RegExp(what.replace('+', '\\+')) };
      assert.throws(() => escapeXml(text), refusal);
      assert.throws(() => chat({ body: text }), refusal);
    });
  }

  for (const text of ['a\tb', 'a\nb', 'a😀b', 'a\u0085b', '日本語', '<&>"\'']) {
    it(`keeps ${JSON.stringify(text)}`, () => {
      assert.equal(parseElement(`<a>${escapeXml(text)}</a>`).text(), text);
      assert.equal(parseElement(chat({ body: text })).getChildText('body'), text);
    });
  }
});
