import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maskSecrets } from '../../../src/xmpp/user/mask.ts';

describe('a traced stanza', () => {
  it('leaves secrets out', () => {
    for (const [text, expected] of [
      [`<auth xmlns='x' mechanism='PLAIN'>AHVzZXIAcGFzcw==</auth>`, /PLAIN'>\*\*\*<\/auth>/],
      ['<challenge>cj1h</challenge>', /<challenge>\*\*\*</],
      [
        '<iq><query><username>u</username><password>p</password></query></iq>',
        /<username>u<.*<password>\*\*\*</,
      ],
      ['<initial-response>abc</initial-response>', /\*\*\*/],
      [`<token xmlns='urn:xmpp:fast:0' token='secret' expiry='x'/>`, /token="\*\*\*" expiry='x'/],
      ['<handshake>0a1b</handshake>', /\*\*\*/],
    ] as const) {
      assert.match(maskSecrets(text), expected);
    }
    assert.equal(
      maskSecrets('<message><body>password</body></message>'),
      '<message><body>password</body></message>',
    );
  });
});
