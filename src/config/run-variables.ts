import type { SettingsOf, Variables } from './variable.ts';

const atLeast =
  (least: number) =>
  (value: number): true | string =>
    value >= least || `${least} or more`;

const oneOf =
  (...values: string[]) =>
  (value: string): true | string =>
    values.includes(value) || `one of ${values.join(', ')}`;

const port = (value: number): true | string =>
  (Number.isInteger(value) && value >= 0 && value <= 65_535) || 'a port, or 0 for the usual one';

/** Settings that every run has, whatever its scenario: how users come, repeat and go. */
export const runVariables = {
  interarrival: {
    description: 'time between two user starts on one node (a machine, however many processes)',
    default: 50,
    unit: 'duration',
    update: true,
  },
  repeatInterval: {
    description: "pause between the end of a user's start() and its repetition",
    default: 60_000,
    unit: 'duration',
    update: true,
  },
  repeatCount: {
    description: "how often a user's start() runs; 0 means for ever",
    default: 0,
    check: (value: number) => (Number.isInteger(value) && value >= 0) || 'a whole number ≥ 0',
    update: true,
  },
  initTimeout: {
    description: 'how long setup, init, terminate and teardown may take each',
    default: 30_000,
    unit: 'duration',
    check: atLeast(1),
  },
  stopTimeout: {
    description: 'how long a gentle stop waits for users before it removes them by force',
    default: 10_000,
    unit: 'duration',
    update: true,
  },
  blockedLimit: {
    description: 'how long an event loop may be stuck before its process is killed',
    default: 60_000,
    unit: 'duration',
    check: atLeast(1000),
    update: true,
  },
  recovery: {
    description: 'within what time the users of a lost process are started again elsewhere',
    default: 5_000,
    unit: 'duration',
    update: true,
  },
  checkLimits: {
    description: 'refuse a run that needs more open files or local ports than the system allows',
    default: true,
  },
} as const satisfies Variables;

/** Values of {@link runVariables}; times in milliseconds. */
export type RunSettings = SettingsOf<typeof runVariables>;

/** Settings of the XMPP server under test. */
export const xmppVariables = {
  xmppHost: {
    description: 'host of the XMPP server; empty: the embedded server stands in',
    default: '',
  },
  xmppPort: {
    description: 'its port; 0: 5222, or 5223 for direct TLS, 5280/5281 for WebSocket',
    default: 0,
    check: port,
  },
  xmppDomain: { description: "the users' domain; empty: the host", default: '' },
  xmppTransport: {
    description: 'tcp or websocket',
    default: 'tcp',
    check: oneOf('tcp', 'websocket'),
  },
  xmppTls: {
    description: 'none, starttls (an upgrade is demanded), direct (TLS from the first byte), auto',
    default: 'auto',
    check: oneOf('none', 'starttls', 'direct', 'auto'),
  },
  xmppTlsVerify: { description: "check the server's certificate", default: true },
  xmppTlsCa: { description: 'file of CA certificates (PEM) to trust besides', default: '' },
  xmppPath: {
    description: "path of the WebSocket; empty: '/ws' (ejabberd), see the server's manual",
    default: '',
  },
  xmppMechanism: {
    description: 'SASL mechanism; auto: the strongest that both sides have',
    default: 'auto',
    check: oneOf('auto', 'PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'ANONYMOUS'),
  },
  xmppUser: { description: "pattern of the users' names", default: 'user_{id}' },
  xmppPassword: {
    description: 'pattern of their passwords',
    default: 'password_{id}',
    secret: true,
  },
  xmppResource: { description: 'resource to bind', default: 'res1' },
  xmppTimeout: {
    description: 'how long a login may take, from the first packet to the bound session',
    default: 30_000,
    unit: 'duration',
    check: atLeast(1),
  },
} as const satisfies Variables;

/** Values of {@link xmppVariables}; times in milliseconds. */
export type XmppSettings = SettingsOf<typeof xmppVariables>;

/** Everything that is a setting besides a scenario's own variables. */
export const builtInVariables = { ...runVariables, ...xmppVariables } as const;
