import { AmocError, messageOf, systemCode } from '../lib/errors.ts';

/** The stage that a connection had reached. */
export type ConnectStage = 'connect' | 'tls' | 'stream' | 'authenticate' | 'bind' | 'register';

const stageNames = {
  connect: 'ConnectFailed',
  tls: 'TlsFailed',
  stream: 'StreamFailed',
  authenticate: 'AuthenticationFailed',
  bind: 'BindFailed',
  register: 'RegistrationFailed',
} as const satisfies Record<ConnectStage, string>;

/** System errors whose cause is the machine of the load generator. */
const localCauses = new Set([
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRINUSE',
]);

/** No mechanism is offered that the settings allow. */
export class NoMechanism extends AmocError {
  constructor(message: string) {
    super('CONNECTION', message);
  }
}

/** This process was too busy to notice a time-out in time. */
function isBlocked(cause: unknown): boolean {
  return cause instanceof AmocError && cause.code === 'BLOCKED';
}

/** A session could not be established. `name` is that of the stage, so that failures are counted by stage. */
export class ConnectError extends AmocError {
  override readonly name: string;
  readonly stage: ConnectStage;
  /** The error condition of the system or the server: `ECONNREFUSED`, `not-authorized`. */
  readonly condition: string | undefined;
  /** Whether the cause is a limit of the load generator; the failure then says nothing about the server. */
  readonly isLocal: boolean;

  constructor(stage: ConnectStage, target: string, cause: unknown, condition?: string) {
    const hint = hintOf(stage, cause, condition);
    super('CONNECTION', `${target}: ${stages[stage]}: ${messageOf(cause)}${hint}`, { cause });
    this.stage = stage;
    this.condition = condition ?? systemCode(cause);
    this.isLocal = localCauses.has(this.condition ?? '') || isBlocked(cause);
    this.name = this.isLocal ? 'GeneratorLimit' : stageNames[stage];
  }
}

/** The session ended while it was needed, and this side did not end it. */
export class SessionLost extends AmocError {
  override readonly name = 'SessionLost';

  constructor(jid: string, why: string) {
    super('CONNECTION', `the session of ${jid} is gone: ${why}`);
  }
}

/** More data waits to be sent than the session's limit allows. */
export class SendBufferFull extends AmocError {
  override readonly name = 'SendBufferFull';

  constructor(jid: string, bytes: number) {
    super(
      'CONNECTION',
      `the server reads too slowly: ${bytes} bytes of ${jid} wait to be sent; see xmppSendBuffer and xmppSendPolicy`,
    );
  }
}

/** No matching stanza came in time. */
export class StanzaTimeout extends AmocError {
  override readonly name = 'StanzaTimeout';

  /** @param what the awaited stanza, as in `no … within 10 s` */
  constructor(what: string, timeoutMs: number) {
    // Equal waits give equal texts, so that they are counted together.
    super('TIMEOUT', `no ${what} within ${Math.round(timeoutMs) / 1000} s`);
  }
}

/** The answer to an IQ was an error (RFC 6120 §8.3). */
export class StanzaError extends AmocError {
  override readonly name = 'StanzaError';
  /** As in RFC 6120 §8.3.3: `item-not-found`, `conflict` … */
  readonly condition: string;

  /**
   * @param text additional text of the answer
   * @param asked the request and the JID it went to: `the get of disco#info` to room@conf
   */
  constructor(condition: string, text: string, asked?: { what: string; of: string | undefined }) {
    const who = asked?.of ?? 'the server';
    const to = asked === undefined ? '' : ` to ${asked.what}`;
    super('STANZA', `${who} answered ${condition}${to}${text === '' ? '' : ` (${text})`}`);
    this.condition = condition;
  }
}

const stages = {
  connect: 'cannot connect',
  tls: 'TLS failed',
  stream: 'the stream could not be opened',
  authenticate: 'login failed',
  bind: 'the resource could not be bound',
  register: 'registration failed',
} as const satisfies Record<ConnectStage, string>;

function hintOf(stage: ConnectStage, cause: unknown, condition: string | undefined): string {
  switch (condition ?? systemCode(cause)) {
    case 'ECONNREFUSED':
      return '; nothing listens there: is the server running, are AMOC_XMPP_HOST and AMOC_XMPP_PORT right?';
    case 'EADDRNOTAVAIL':
    case 'EADDRINUSE':
      return "; this machine's local ports are used up, or AMOC_XMPP_LOCAL_ADDRESSES names an address that it does not have (a limit of the load generator): widen net.ipv4.ip_local_port_range, or give more local addresses";
    case 'ENOBUFS':
    case 'ENOMEM':
      return "; this machine's memory for sockets is used up (a limit of the load generator): see net.ipv4.tcp_mem";
    case 'EMFILE':
    case 'ENFILE':
      return "; this machine's file limit is reached (a limit of the load generator): raise `ulimit -n`";
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return '; trust its certificate with AMOC_XMPP_TLS_CA, or switch the check off with AMOC_XMPP_TLS_VERIFY=false';
    case 'not-authorized':
      return '; does the account exist, and are AMOC_XMPP_USER and AMOC_XMPP_PASSWORD right?';
    default:
      return stage === 'authenticate' && cause instanceof NoMechanism
        ? '; see AMOC_XMPP_MECHANISM and AMOC_XMPP_TLS'
        : '';
  }
}
