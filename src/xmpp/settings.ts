import { atLeast, oneOf, port } from '../config/checks.ts';
import type { SettingsOf, Variables } from '../config/variable.ts';
import { checkDomain } from './user/domain-pattern.ts';
import { checkUrls } from './user/server-url.ts';

/** Mechanisms that can be chosen by name, in place of `auto`. */
const saslMechanisms = [
  'PLAIN',
  'SCRAM-SHA-1',
  'SCRAM-SHA-256',
  'SCRAM-SHA-512',
  'SCRAM-SHA-1-PLUS',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-512-PLUS',
  'EXTERNAL',
  'OAUTHBEARER',
  'X-OAUTH2',
  'ANONYMOUS',
] as const;

/** Settings of the XMPP server under test. */
export const xmppVariables = {
  xmppHost: {
    description:
      'host of the XMPP server, or several, comma-separated (host:port), used in turn; empty: amocLocal uses the embedded server',
    default: '',
  },
  xmppPort: {
    description:
      'port of the XMPP server; 0: 5222, or 5223 for direct TLS, 5280/5281 for WebSocket and BOSH',
    default: 0,
    check: port,
  },
  xmppDomain: {
    description:
      "the users' domain; {id} is the user's id, {bucket:100} one of 1 to 100 in turn; empty: the host",
    default: '',
    check: checkDomain,
  },
  xmppTransport: {
    description: 'tcp, websocket or bosh',
    default: 'tcp',
    check: oneOf('tcp', 'websocket', 'bosh'),
  },
  xmppTls: {
    description: 'none, starttls (the upgrade is required), direct (TLS from the first byte), auto',
    default: 'auto',
    check: oneOf('none', 'starttls', 'direct', 'auto'),
  },
  xmppTlsVerify: { description: "check the server's certificate", default: true },
  xmppTlsResume: {
    description: 'resume TLS sessions, so that further logins cost no key exchange',
    default: true,
  },
  xmppTlsMaxVersion: {
    description:
      'newest TLS version to use; TLSv1.2 for the -PLUS mechanisms of servers without tls-exporter',
    default: 'TLSv1.3',
    check: oneOf('TLSv1.2', 'TLSv1.3'),
  },
  xmppCertificate: {
    description:
      "file of the users' own certificate and key (PEM) for EXTERNAL; {id} is the user's id",
    default: '',
  },
  xmppTlsCa: { description: 'more CA certificates (PEM file) to trust', default: '' },
  xmppPath: {
    description:
      "path of the WebSocket or BOSH service; empty: '/ws' or '/bosh' (ejabberd); prosody has '/xmpp-websocket', '/http-bind'",
    default: '',
  },
  xmppUrl: {
    description:
      "URL of the server's WebSocket or BOSH service, or several, comma-separated, used in turn: wss://example.org/xmpp; it sets transport, TLS, host, port and path",
    default: '',
    check: checkUrls,
  },
  xmppMechanism: {
    description: 'SASL mechanism; auto: the strongest that both sides have',
    default: 'auto',
    check: oneOf('auto', ...saslMechanisms),
  },
  xmppChannelBinding: {
    description:
      'how a login is bound to its TLS connection; auto: with a -PLUS mechanism where the server lists its binding types (XEP-0440); none: xmppMechanism auto picks no -PLUS mechanism',
    default: 'auto',
    check: oneOf('auto', 'none', 'tls-exporter', 'tls-unique', 'tls-server-end-point'),
  },
  xmppUser: { description: "pattern of the users' names", default: 'user_{id}' },
  xmppPassword: {
    description: "pattern of the users' passwords",
    default: 'password_{id}',
    secret: true,
  },
  xmppResource: { description: 'resource to bind', default: 'res1' },
  xmppScramCache: {
    description: 'cache salted passwords; false to measure logins at full cost',
    default: true,
  },
  xmppSasl2: {
    description: 'SASL2, Bind 2 and FAST (XEP-0388, -0386, -0484) where the server offers them',
    default: true,
  },
  xmppLocalAddresses: {
    description:
      'local addresses to connect from, comma-separated, used in turn; about 28,000 ports each',
    default: '',
  },
  xmppSrv: {
    description: 'find host and port by the SRV records of the domain (RFC 6120 §3.2.1)',
    default: false,
  },
  xmppHostMeta: {
    description:
      "find the URL of WebSocket or BOSH in the domain's https://…/.well-known/host-meta (XEP-0156)",
    default: false,
  },
  xmppSendBuffer: {
    description: 'bytes that may wait to be sent in one session',
    default: 262_144,
    check: atLeast(1),
  },
  xmppSendPolicy: {
    description:
      'what send() does when the send buffer is full: wait for room, drop the stanza, or fail',
    default: 'wait',
    check: oneOf('wait', 'drop', 'fail'),
  },
  xmppStanzaBytes: {
    description:
      'longest stanza that is accepted from the server, in bytes; it may have one element for each 32 bytes',
    default: 1_048_576,
    check: (value: number) =>
      (Number.isInteger(value) && value >= 10_000 && value <= 67_108_864) ||
      'bytes, from 10,000 to 67,108,864 (64 MiB)',
  },
  xmppFollowHost: {
    description:
      'follow redirects of the server (see-other-host, RFC 6120 §4.9.3.19), over TCP; the certificate must still be that of the domain',
    default: false,
  },
  xmppTimeout: {
    description: 'how long a login may take, from the first packet to the bound session',
    default: 30_000,
    unit: 'duration',
    check: atLeast(1),
  },
} as const satisfies Variables;

/** Values of {@link xmppVariables}; times in milliseconds. */
export type XmppSettings = SettingsOf<typeof xmppVariables>;
