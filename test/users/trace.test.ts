import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maskSecrets, tracer } from '../../src/users/trace.ts';
import { Project } from '../support/project.ts';

describe('a trace', () => {
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

  it('cuts what is long', () => {
    const lines: string[] = [];
    tracer((line) => lines.push(line))('out', `<a>${'x'.repeat(9000)}</a>`);
    assert.ok(lines[0]!.length < 4100 && lines[0]!.startsWith('sent <a>'));
  });

  it("shows one user's stanzas in the console, logins included, and stops again", async () => {
    using project = new Project({ my_scenario: true });
    const { out, err } = await project.lines(
      "await amocLocal.do('my_scenario', 1, 2, { settings: { messageInterval: 50, messages: 3, repeatInterval: 300, interarrival: 0 } })",
      // Before that user 2 may still wait for its start.
      'while ((await amocLocal.users({ state: "running" })).users.length < 2) await sleep(20)',
      'await user(2).trace()',
      "await sleep('1s')",
      'await amocLocal.user(2).trace()',
      'await user(77).trace()',
    );
    const text = out + err;
    assert.match(text, /stanzas of user 2 are shown; user\(2\)\.trace\(\) stops it/);
    assert.match(text, /user 2@\S+ sent <message [^>]*>/);
    assert.match(text, /user 2@\S+ got {2}<message [^>]*>/);
    assert.match(text, /user 2@\S+ sent <auth [^>]*>\*\*\*</);
    assert.doesNotMatch(text, /user 1@\S+ (sent|got)/);
    assert.match(text, /stanzas of user 2 are shown no more/);
    assert.match(text, /user 77 does not run; users\(\) lists those that do/);
  });
});
