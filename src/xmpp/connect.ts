import { client } from '@xmpp/client';
import tls from 'node:tls';
import { deferred } from '../lib/abort.ts';
import { AmocError, messageOf, systemCode } from '../lib/errors.ts';
import { registerAccount } from './builders.ts';
import { ClientSocket, nodeTlsOptions } from './client-socket.ts';
import type { ConnectOptions } from './connect-options.ts';
import { ConnectError } from './errors.ts';
import type { ConnectStage } from './errors.ts';
import { ScramClient, scramHashes } from './scram.ts';
import type { ScramMechanism } from './scram.ts';
import { Session, stanzaErrorOf } from './session.ts';
import type { Schedule, SessionObserver } from './session.ts';
import { xml } from './stanza.ts';
import type { Element } from './stanza.ts';
import { serviceOf, tlsOf, useTransport } from './transports.ts';

const NS_TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const NS_STREAM = 'http://etherx.jabber.org/streams';
const NS_SM = 'urn:xmpp:sm:3';

/** How long a good-bye may take before the connection is dropped. */
const CLOSE_MS = 2000;

/** What a connection needs from where it is made. */
export interface ConnectContext {
  observer: SessionObserver;
  schedule: Schedule;
  /** Fires when the user is removed: the attempt ends at once. */
  signal?: AbortSignal | undefined;
}

/** What the library keeps to itself but its extensions build on. */
interface Internals {
  status: string;
  timeout: number;
  socket: { destroy?: () => void } | null;
  transports: unknown[];
  saslFactory: { _mechs: { name: string; mech: unknown }[] };
  jid: { toString(): string } | null;
  reconnect: { stop(): void };
  _onElement(element: Element): void;
  _onSeeOtherHost(error: unknown): void;
  _attachSocket(socket: unknown): void;
  connect(service: string): Promise<void>;
  open(options: { domain: string }): Promise<void>;
  restart(): Promise<void>;
  sendReceive(element: Element): Promise<Element>;
  write(text: string): Promise<void>;
  stop(): Promise<unknown>;
  on(event: string, listener: (...values: never[]) => void): void;
}

/**
 * Logs in: connects, negotiates TLS, SASL and the resource with `@xmpp/client`.
 *
 * @throws {ConnectError} that names the stage; whatever was opened is closed.
 */
export async function connect(options: ConnectOptions, context: ConnectContext): Promise<Session> {
  const negotiation = new Negotiation(options);
  await negotiation.run(context, async (xmpp) => {
    // Not the library's start(): it leaves a rejection that nobody can catch when the stream fails.
    const online = new Promise((resolve) => xmpp.on('online', resolve));
    await xmpp.connect(serviceOf(options));
    await xmpp.open({ domain: options.domain });
    await online;
  });
  const jid = negotiation.xmpp.jid?.toString() ?? `${options.username}@${options.domain}`;
  return negotiation.session(jid, context);
}

/**
 * Makes an account in-band (XEP-0077), on a connection of its own.
 *
 * @returns whether it was made now or was there already
 * @throws {ConnectError} stage `register` when the server does not want it
 */
export async function register(
  options: ConnectOptions,
  context: ConnectContext,
): Promise<'created' | 'exists'> {
  const negotiation = new Negotiation(options);
  let outcome: 'created' | 'exists' = 'created';
  try {
    await negotiation.run(context, async (xmpp) => {
      const features = negotiation.untilAuthentication();
      await xmpp.connect(serviceOf(options));
      await xmpp.open({ domain: options.domain });
      await features;
      negotiation.stage = 'register';
      const answer = await xmpp.sendReceive(registerAccount(options.username, options.password));
      if (answer.attrs['type'] !== 'error') return;
      const error = stanzaErrorOf(answer);
      if (error.condition !== 'conflict') throw error;
      outcome = 'exists';
    });
    return outcome;
  } finally {
    await negotiation.close();
  }
}

/** One use of `@xmpp/client` from the first packet to the session. */
class Negotiation {
  readonly xmpp: Internals;
  stage: ConnectStage = 'connect';
  readonly #options: ConnectOptions;
  readonly #failed = deferred<never>();
  #authenticate: (() => void) | undefined;
  #session: Session | undefined;
  #scram: ScramClient | undefined;
  #upgraded = false;
  #closing = false;

  constructor(options: ConnectOptions) {
    this.#options = options;
    const { username, password, mechanism } = options;
    this.xmpp = client({
      service: serviceOf(options),
      domain: options.domain,
      resource: options.resource,
      credentials: async (authenticate: unknown, offered: unknown) => {
        this.stage = 'authenticate';
        const chosen = chooseMechanism(mechanism, offered as string[]);
        const give = authenticate as (credentials: object, mechanism: string) => Promise<void>;
        await give(chosen === 'ANONYMOUS' ? {} : { username, password }, chosen);
        this.stage = 'bind';
      },
    }) as unknown as Internals;
    this.#failed.promise.catch(() => {});
    this.#adapt();
  }

  /** Runs the negotiation within the time-out and the signal. */
  async run(context: ConnectContext, steps: (xmpp: Internals) => Promise<unknown>): Promise<void> {
    const { signal, schedule } = context;
    const { timeoutMs } = this.#options;
    const onAbort = (): void => this.#failed.reject(signal?.reason);
    signal?.throwIfAborted();
    signal?.addEventListener('abort', onAbort, { once: true });
    const cancel = schedule(timeoutMs, () => {
      this.#failed.reject(new AmocError('TIMEOUT', `no end of it within ${timeoutMs / 1000} s`));
    });
    try {
      const done = steps(this.xmpp);
      done.catch(() => {});
      await Promise.race([done, this.#failed.promise]);
    } catch (error) {
      this.destroy();
      if (signal?.aborted === true) throw signal.reason;
      throw this.#describe(error);
    } finally {
      cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Resolves when the stream is as secure as it gets and the server waits for a login. */
  untilAuthentication(): Promise<void> {
    return new Promise((resolve) => (this.#authenticate = resolve));
  }

  /** Hands the open stream to a session. */
  session(jid: string, context: ConnectContext): Session {
    const { xmpp } = this;
    const addNamespace = this.#options.transport === 'websocket';
    const session = new Session(
      jid,
      {
        write: (text) => xmpp.write(addNamespace ? withNamespace(text) : text),
        close: () => this.close(),
        destroy: () => this.destroy(),
      },
      context.observer,
      context.schedule,
    );
    this.#session = session;
    return session;
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    // The library waits so long for the server's end of the stream.
    this.xmpp.timeout = CLOSE_MS;
    try {
      if (this.xmpp.socket !== null) await this.xmpp.stop();
    } catch {
      // The other side may be gone or mute; the connection is dropped below in any case.
    }
    this.destroy();
  }

  destroy(): void {
    this.#closing = true;
    this.xmpp.socket?.destroy?.();
  }

  /** Puts our sockets and our view of the stream's features below the library. */
  #adapt(): void {
    const { xmpp } = this;
    const options = this.#options;
    xmpp.timeout = options.timeoutMs;
    xmpp.reconnect.stop();
    useTransport(xmpp, options);
    this.#useScram();
    const onElement = xmpp._onElement.bind(xmpp);
    xmpp._onElement = (element) => {
      if (this.#session !== undefined && isStanza(element)) this.#session.deliver(element);
      if (!this.#trusts(element)) return;
      if (!element.is('features', NS_STREAM)) onElement(element);
      else if (this.#takesFeatures(element)) onElement(element);
    };
    xmpp._onSeeOtherHost = () => {
      this.#fail(new AmocError('CONNECTION', 'the server names another host (see-other-host)'));
    };
    xmpp.on('error', (error: Error) => this.#fail(error));
    xmpp.on('disconnect', () => this.#fail(new AmocError('CONNECTION', 'closed by the server')));
    xmpp.on('connect', () => (this.stage = 'stream'));
  }

  /**
   * Puts our SCRAM in place of the library's, which takes a promise for each of its thousands of
   * rounds: 0.3 s of a core for one login with the 10,000 rounds of prosody, where OpenSSL takes 5 ms.
   */
  #useScram(): void {
    const { saslFactory } = this.xmpp;
    const others = saslFactory._mechs.filter(({ name }) => !(name in scramHashes));
    const { username, password } = this.#options;
    const ours = scramMechanisms.map((name) => {
      const make = (): object => {
        const scram = new ScramClient(name, username, password);
        this.#scram = scram;
        let serverFirst: string | undefined;
        return {
          name,
          clientFirst: true,
          response: () => (serverFirst === undefined ? scram.first() : scram.final(serverFirst)),
          challenge: (text: string) => (serverFirst = text),
        };
      };
      return {
        name,
        mech: function Mechanism() {
          return make();
        },
      };
    });
    saslFactory._mechs = [...ours, ...others];
  }

  /** A server that does not know the password itself is not the one that was meant (RFC 5802 §5). */
  #trusts(element: Element): boolean {
    if (this.#scram === undefined || !element.is('success', NS_SASL)) return true;
    const final = Buffer.from(element.text(), 'base64').toString('utf8');
    if (this.#scram.verifies(final)) return true;
    const text = 'the server did not prove that it knows the password (wrong SCRAM signature)';
    this.#fail(new AmocError('AUTHENTICATION', text));
    return false;
  }

  /** @returns whether the library shall go on with these features. */
  #takesFeatures(features: Element): boolean {
    const mode = this.#options.tls;
    const offersTls = features.getChild('starttls', NS_TLS) !== undefined;
    if (offersTls && !this.#upgraded && (mode === 'starttls' || mode === 'auto')) {
      this.stage = 'tls';
      this.#upgrade().catch((error: unknown) => this.#fail(error));
      return false;
    }
    if (mode === 'starttls' && !this.#upgraded) {
      this.stage = 'tls';
      this.#fail(new AmocError('CONNECTION', 'the server does not offer STARTTLS'));
      return false;
    }
    features.remove('starttls', NS_TLS);
    // A hibernated session would outlive a user that was removed by force.
    features.remove('sm', NS_SM);
    if (this.#authenticate !== undefined) {
      this.#authenticate();
      return false;
    }
    return true;
  }

  async #upgrade(): Promise<void> {
    const { xmpp } = this;
    const answer = await xmpp.sendReceive(xml('starttls', { xmlns: NS_TLS }));
    if (!answer.is('proceed', NS_TLS)) throw new AmocError('CONNECTION', 'STARTTLS was refused');
    const raw = (xmpp.socket as ClientSocket).raw;
    raw.removeAllListeners('data');
    const secure = new ClientSocket(
      tls.connect({ socket: raw, ...nodeTlsOptions(tlsOf(this.#options)) }),
    );
    await new Promise<void>((resolve, reject) => {
      secure.once('connect', resolve);
      secure.once('error', reject);
    });
    this.#upgraded = true;
    xmpp._attachSocket(secure);
    this.stage = 'stream';
    await xmpp.restart();
  }

  #fail(error: unknown): void {
    if (this.#session !== undefined && !this.#closing) this.#session.lost(messageOf(error));
    this.#failed.reject(error);
  }

  #describe(error: unknown): Error {
    if (error instanceof ConnectError) return error;
    const { host, port } = this.#options;
    const condition = (error as { condition?: unknown } | null)?.condition;
    const isTls = systemCode(error)?.match(/CERT|SSL|TLS|UNABLE_TO_VERIFY|ALTNAME/) != null;
    return new ConnectError(
      isTls ? 'tls' : this.stage,
      `${host}:${port}`,
      error,
      typeof condition === 'string' ? condition : undefined,
    );
  }
}

function isStanza({ name }: Element): boolean {
  return name === 'message' || name === 'presence' || name === 'iq';
}

/** RFC 7395 §3.3.3: each stanza in a WebSocket frame names its namespace. */
function withNamespace(text: string): string {
  const end = text.search(/[\s/>]/);
  const head = text.slice(0, text.indexOf('>'));
  if (end < 0 || / xmlns=/.test(head)) return text;
  return `${text.slice(0, end)} xmlns="jabber:client"${text.slice(end)}`;
}

const scramMechanisms = Object.keys(scramHashes) as ScramMechanism[];

function chooseMechanism(wanted: string, offered: readonly string[]): string {
  if (wanted !== 'auto') {
    if (offered.includes(wanted)) return wanted;
    throw new AmocError(
      'CONNECTION',
      `the server offers no mechanism ${wanted}, only ${offered.join(', ')}`,
    );
  }
  const chosen = [...scramMechanisms, 'PLAIN', 'ANONYMOUS'].find((name) => offered.includes(name));
  if (chosen === undefined) throw new AmocError('CONNECTION', 'no SASL mechanism in common');
  return chosen;
}
