import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseElement } from '../../../src/xmpp/element.ts';
import { demandsSession, nextStep } from '../../../src/xmpp/login/next-step.ts';
import type { LoginState, LoginStep } from '../../../src/xmpp/login/next-step.ts';

const tls = `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`;
const plain = `<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>`;
const sasl2 = `<authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-1</mechanism></authentication>`;
const bindings = `<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/></sasl-channel-binding>`;
const bind = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>`;
const sm = `<sm xmlns='urn:xmpp:sm:3'/>`;
const session = `<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>`;

const features = (content: string): ReturnType<typeof parseElement> =>
  parseElement(`<stream:features>${content}</stream:features>`);

const resume = { id: 's1', received: 3, acked: 0, unacked: [], jid: 'user_1@localhost/res1' };
const logIn = (mechanism: string, listed?: string[]): LoginStep => ({
  do: 'authenticate',
  offer: { mechanisms: [mechanism], bindings: listed },
});
const refuse: LoginStep = { do: 'refuse', why: 'the server does not offer STARTTLS' };

type Options = Parameters<typeof nextStep>[1];

const rows: [string, string, Partial<Options>, Partial<LoginState>, LoginStep][] = [
  ['TLS is offered', tls + plain, {}, {}, { do: 'upgrade' }],
  ['TLS is offered and demanded', tls + plain, { tls: 'starttls' }, {}, { do: 'upgrade' }],
  ['TLS is offered and not wanted', tls + plain, { tls: 'none' }, {}, logIn('PLAIN')],
  ['TLS is offered under TLS', tls + plain, {}, { isSecure: true }, logIn('PLAIN')],
  ['TLS is offered over HTTP', tls + plain, {}, { canUpgrade: false }, logIn('PLAIN')],
  ['TLS is demanded and not offered', plain, { tls: 'starttls' }, {}, refuse],
  ['TLS is demanded over HTTP', tls, { tls: 'starttls' }, { canUpgrade: false }, refuse],
  [
    'TLS was demanded, and is there',
    plain,
    { tls: 'starttls' },
    { isSecure: true },
    logIn('PLAIN'),
  ],
  ['both kinds of SASL are offered', plain + sasl2, {}, {}, logIn('SCRAM-SHA-1')],
  ['SASL2 is switched off', plain + sasl2, { sasl2: false }, {}, logIn('PLAIN')],
  ['only SASL2 is offered, and off', sasl2, { sasl2: false }, {}, { do: 'bind' }],
  ['bindings are listed', plain + bindings, {}, {}, logIn('PLAIN', ['tls-exporter'])],
  ['no login is wanted', plain, {}, { opensOnly: true }, { do: 'stop' }],
  ['no login is wanted, TLS comes first', tls + plain, {}, { opensOnly: true }, { do: 'upgrade' }],
  ['the login is done', bind + sm, {}, {}, { do: 'bind' }],
  ['the login is done, a session was cut', bind + sm, { resume }, {}, { do: 'resume' }],
  ['a session was cut, nothing resumes it', bind, { resume }, {}, { do: 'bind' }],
  ['a session was cut, the login is to come', plain + sm, { resume }, {}, logIn('PLAIN')],
];

describe('the next step of a login', () => {
  for (const [when, offered, options, state, expected] of rows) {
    it(`is to ${expected.do} when ${when}`, () => {
      const all = { canUpgrade: true, isSecure: false, opensOnly: false, ...state };
      const step = nextStep(features(offered), { tls: 'auto', ...options }, all);
      assert.deepEqual(step, expected);
    });
  }

  it('leaves the features as they were', () => {
    const offered = features(tls + plain + sasl2 + sm);
    const before = offered.toString();
    nextStep(
      offered,
      { tls: 'none', resume },
      { canUpgrade: true, isSecure: false, opensOnly: false },
    );
    assert.equal(offered.toString(), before);
  });
});

describe('a session of RFC 3921', () => {
  for (const [offered, expected] of [
    ['', false],
    [session, true],
    [session.replace('/>', '><optional/></session>'), false],
  ] as const) {
    it(`is ${expected ? '' : 'not '}demanded by "${offered}"`, () => {
      assert.equal(demandsSession(features(bind + offered)), expected);
    });
  }
});
