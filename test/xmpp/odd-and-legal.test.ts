import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { connect } from '../../src/xmpp/login/connect.ts';
import type { Session } from '../../src/xmpp/session/session.ts';
import { hasNs, isReceiptRequest } from '../../src/xmpp/predicates.ts';
import { ping, presence } from '../../src/xmpp/stanzas/index.ts';
import { hostileWires, startHostileServer, targetOf } from '../support/hostile-server.ts';
import type { HostileServer, HostileWire } from '../support/hostile-server.ts';
import { startScriptedServer, usualFeatures } from '../support/scripted-server.ts';
import type { Pem, Script } from '../support/scripted-server.ts';
import { selfSigned } from '../support/self-signed.ts';
import { context, options } from '../support/xmpp.ts';

const client = `xmlns='jabber:client'`;
const stanzaErrors = 'urn:ietf:params:xml:ns:xmpp-stanzas';
const streamErrors = 'urn:ietf:params:xml:ns:xmpp-streams';

/** What a server may say in an unusual way, and what it must be taken for. */
const sayings: [string, string, (session: Session) => Promise<void>][] = [
  [
    'blanks in tags, references, CDATA and quotation marks of both kinds',
    `<message ${client}\n from = "a&#64;localhost/&quot;x&apos;&#xe9;" type='chat' id\t=\n'o1' ><body xml:lang='en'\n>A<![CDATA[<b> & ]] ]]>B&#x1F600;&#128512;&gt;</body ></message >`,
    async (session) => {
      const stanza = await session.waitForStanza(({ id }) => id === 'o1');
      assert.equal(stanza.from, `a@localhost/"x'é`);
      assert.equal(stanza.type, 'chat');
      assert.equal(stanza.getChildText('body'), 'A<b> & ]] B😀😀>');
    },
  ],
  [
    'line ends of other systems, and a reference to one',
    `<message ${client} id='l\n1\t2'><body>one\r\ntwo\rthree&#13;</body></message>`,
    async (session) => {
      const stanza = await session.waitForStanza();
      assert.equal(stanza.id, 'l 1 2');
      assert.equal(stanza.getChildText('body'), 'one\ntwo\nthree\r');
    },
  ],
  [
    'children with prefixes of their own',
    `<message ${client} id='p1'><x:composing xmlns:x='http://jabber.org/protocol/chatstates'/><q:request xmlns:q='urn:xmpp:receipts'/><body>hi</body></message>`,
    async (session) => {
      const stanza = await session.waitForStanza(isReceiptRequest());
      assert.ok(hasNs('http://jabber.org/protocol/chatstates')(stanza));
      assert.equal(stanza.getChildText('body'), 'hi');
    },
  ],
  [
    'two stanzas at once',
    ['one', 'two']
      .map((id) => `<message ${client} id='${id}'><body>${id}</body></message>`)
      .join(''),
    async (session) => {
      assert.equal((await session.waitForStanza()).id, 'one');
      assert.equal((await session.waitForStanza()).id, 'two');
    },
  ],
  ...[
    `<error xmlns='http://etherx.jabber.org/streams'><conflict xmlns='${streamErrors}'/><text xmlns='${streamErrors}'>Replaced</text></error>`,
    `<stream:error xmlns:stream='http://etherx.jabber.org/streams'><conflict xmlns='${streamErrors}'/><text xmlns='${streamErrors}'>Replaced</text></stream:error>`,
    `<s:error xmlns:s='http://etherx.jabber.org/streams'><e:conflict xmlns:e='${streamErrors}'/><e:text xmlns:e='${streamErrors}'>Replaced</e:text></s:error>`,
  ].map((error): [string, string, (session: Session) => Promise<void>] => [
    `a stream error written as ${error.split(' ')[0] as string}>`,
    error,
    async (session) => {
      await assert.rejects(session.waitForStanza(), {
        name: 'SessionLost',
        message: /: conflict \(Replaced\)/,
      });
    },
  ]),
];

describe('a server that is odd, and right', () => {
  let pem: Pem;

  before(async () => {
    pem = await selfSigned();
  });

  const login = (wire: HostileWire, server: Pick<HostileServer, 'port' | 'ca'>): Promise<Session> =>
    connect(options(server.port, 1, targetOf(wire, server)), context());

  for (const wire of hostileWires) {
    for (const [what, xml, expect] of sayings) {
      it(`over ${wire} says ${what}`, async () => {
        await using server = await startHostileServer(
          wire,
          'session',
          ({ send }) => send(xml),
          pem,
        );
        await using session = await login(wire, server);
        await session.send(presence());
        await expect(session);
      });
    }
  }

  it('may send before <enabled/>, which counts for nothing (XEP-0198 §4)', async () => {
    const sm = 'urn:xmpp:sm:3';
    await using server = await startScriptedServer('tcp', {
      features: (who) => usualFeatures(who) + `<sm xmlns='${sm}'/>`,
      takes: (text, who) => {
        if (!text.includes('<enable')) return false;
        const message = (id: string): string => `<message id='${id}'><body>x</body></message>`;
        who.send(
          `${message('before')}<enabled xmlns='${sm}' id='sm1'/>${message('after')}<r xmlns='${sm}'/>`,
        );
        return true;
      },
    });
    await using session = await login('tcp', server);
    await session.enableStreamManagement();
    assert.equal((await session.waitForStanza()).id, 'before');
    assert.equal((await session.waitForStanza()).id, 'after');
    await session.sendIq(ping());
    assert.match(server.said.join(''), /<a [^>]*h="1"/);
  });

  it('binds a resource with all that a resource may have', async () => {
    await using server = await startScriptedServer('tcp', {
      takes: binds(
        `type='result'`,
        `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>user_1@localhost/a/b@c d&amp;é</jid></bind>`,
      ),
    });
    await using session = await login('tcp', server);
    assert.equal(session.jid, 'user_1@localhost/a/b@c d&é');
  });

  it('refuses to bind, and says why', async () => {
    await using server = await startScriptedServer('tcp', {
      takes: binds(
        `type='error'`,
        `<error type='cancel'><conflict xmlns='${stanzaErrors}'/><text xmlns='${stanzaErrors}'>taken</text></error>`,
      ),
    });
    await assert.rejects(login('tcp', server), /conflict - taken/);
  });

  it('refuses a login in words of its own', async () => {
    await using server = await startScriptedServer('tcp', {
      takes: (text, who) => {
        if (!text.includes('<auth')) return false;
        who.send(
          `<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><temporary-auth-failure/><text xml:lang='en'>come later</text></failure>`,
        );
        return true;
      },
    });
    await assert.rejects(login('tcp', server), {
      name: 'AuthenticationFailed',
      condition: 'temporary-auth-failure',
      message: /come later/,
    });
  });
});

/** Answers the request to bind a resource. */
function binds(attributes: string, content: string): NonNullable<Script['takes']> {
  return (text, { send }) => {
    const id = /<iq[^>]*\sid="([^"]+)"[^>]*><bind/.exec(text)?.[1];
    if (id !== undefined) send(`<iq id='${id}' ${attributes}>${content}</iq>`);
    return id !== undefined;
  };
}
