import { deferred } from '../../lib/time/async.ts';
import { ownText } from '../../lib/text/own-text.ts';
import { AmocError } from '../../lib/errors.ts';
import { isLoopback } from '../../lib/system/loopback.ts';
import type { ConnectOptions } from '../connect-options.ts';
import { parseElement, xml } from '../element.ts';
import type { Element } from '../element.ts';
import type { ConnectStage } from '../errors.ts';
import type { LoginKind } from '../session/session-parts.ts';
import { Stanza } from '../stanza.ts';
import { stanzaErrorOf } from '../stanza-errors.ts';
import { smResume } from '../session/stream-management.ts';
import { openWire } from '../wire/open-wire.ts';
import { defaultFrameLimits } from '../wire/frame-grammar.ts';
import { nobody } from '../wire/wire.ts';
import type { Wire } from '../wire/wire.ts';
import { connectErrorOf } from './connect-error.ts';
import { Authentication } from './authentication.ts';
import { EarlyStanzas } from './early-stanzas.ts';
import { LibraryClient } from './library-client.ts';
import type { Library } from './library-client.ts';
import { SeeOtherHost } from './see-other-host.ts';
import type { LoginWarning } from './mechanisms.ts';
import { channelBindingsOf, mechanismsOf, withoutUnwanted } from './features.ts';
import { establishSession } from '../stanzas/iq.ts';
import { NS } from '../stanzas/namespaces.ts';
import type { ConnectContext } from './connect-context.ts';

/** A timer that is this late was held up by this process, not by the server. */
const BLOCKED_MS = 1000;

/**
 * Maximum number of characters that a server may send in a login, in all its steps together. Each element of
 * a login becomes a tree and goes through the library: a server that sends features without end would take
 * the time of all users.
 */
const MOST_CHARACTERS = 128 * 1024;

/** The result of a successful negotiation. */
export interface Negotiated {
  wire: Wire;
  jid: string;
  kind: LoginKind;
  /** Set when the earlier session was resumed: how many of the client's stanzas the server had handled. */
  resumedAt: number | undefined;
  /** The same count for a session that the server did not resume, when the server gives it. */
  handled: number | undefined;
  /** Elements that came after the last element of the login. */
  early: string[];
}

/** One login with `@xmpp/client`, from the first packet to the bound resource. */
export class Negotiation {
  stage: ConnectStage = 'connect';
  readonly #options: ConnectOptions;
  readonly #context: ConnectContext;
  readonly #client: LibraryClient;
  readonly #failed = deferred<never>();
  readonly #done = deferred<number | undefined>();
  readonly #early: EarlyStanzas;
  #length = 0;
  #isOver = false;
  readonly #authentication: Authentication;
  #authenticate: (() => void) | undefined;
  #isUpgraded = false;
  #isBound = false;
  #jid: string | undefined;
  #handled: number | undefined;
  /** Whether the server demands a session (RFC 3921 §3), and the id of the request once it was sent. */
  #demandsSession = false;
  #sessionRequest: string | undefined;

  constructor(options: ConnectOptions, context: ConnectContext) {
    this.#options = options;
    this.#context = context;
    const { domain, resource, timeoutMs } = options;
    const { stanzaBytes = defaultFrameLimits.stanzaBytes } = options;
    this.#early = new EarlyStanzas(stanzaBytes);
    this.#client = new LibraryClient(
      { domain, resource, timeoutMs },
      (owner) => this.#open(owner),
      async (authenticate, _mechanisms, fast) => {
        await this.#authentication.run(authenticate, fast);
        this.stage = 'bind';
      },
    );
    this.#authentication = new Authentication(options, {
      wire: () => this.#client.wire,
      isWanted: () => !this.#isOver,
      warn: (warning, text) => this.warn(warning, text),
    });
    this.#failed.promise.catch(() => {});
    this.#done.promise.catch(() => {});
    this.#adapt();
  }

  /** The library's view of the connection. */
  get xmpp(): Library {
    return this.#client.xmpp;
  }

  /** Logs in, then takes the connection from the library. */
  async login(): Promise<Negotiated> {
    const { username, domain, resume, mechanism } = this.#options;
    const account = `${username}@${domain}`;
    const resumedAt = await this.run(async () => {
      // Servers offer SASL2 to clients that name their account (XEP-0388 §2.2); that is done over TLS alone
      // (RFC 6120 §4.7.1).
      if (mechanism !== 'ANONYMOUS') this.#client.nameAccount(account);
      await this.#client.open(domain);
      return this.#done.promise;
    });
    const jid =
      resumedAt !== undefined && resume !== undefined ? resume.jid : ownText(this.#jid ?? account);
    const wire = this.#client.release();
    // The wire must not keep what only the login needed.
    if (Object.hasOwn(wire, 'write')) delete (wire as Partial<Wire>).write;
    const [kind, early] = [this.#kindOf(resumedAt), this.#early.all];
    return { wire, jid, kind, resumedAt, handled: this.#handled, early };
  }

  #kindOf(resumedAt: number | undefined): LoginKind {
    if (resumedAt !== undefined) return 'resumed';
    if (this.#options.resume !== undefined) return 'not resumed';
    return this.#authentication.wasByToken ? 'by token' : 'new';
  }

  /** Opens the stream, up to where the server waits for a login. */
  async openOnly(): Promise<void> {
    const features = new Promise<void>((resolve) => (this.#authenticate = resolve));
    await this.#client.open(this.#options.domain);
    await features;
  }

  /**
   * Runs `steps` within the time-out, and until the user is removed.
   *
   * @throws {ConnectError} naming the stage; the connection is dropped then
   */
  async run<T>(steps: () => Promise<T>): Promise<T> {
    const { schedule, onAbort } = this.#context;
    const { timeoutMs } = this.#options;
    const began = performance.now();
    let removed: { reason: unknown } | undefined;
    const undo = onAbort?.((reason) => {
      removed = { reason };
      this.#failed.reject(reason);
    });
    const cancel = schedule(timeoutMs, () => {
      const late = performance.now() - began - timeoutMs;
      this.#failed.reject(
        late > BLOCKED_MS
          ? new AmocError(
              'BLOCKED',
              `this process was blocked for ${(late / 1000).toFixed(1)} s: a limit of the load generator`,
            )
          : new AmocError('TIMEOUT', `${this.#silence()} within ${timeoutMs / 1000} s`),
      );
    });
    try {
      const done = steps();
      done.catch(() => {});
      return await Promise.race([done, this.#failed.promise]);
    } catch (error) {
      this.destroy();
      if (isSet(removed)) throw removed.reason;
      throw connectErrorOf(error, this.stage, this.#options);
    } finally {
      cancel();
      undo?.();
    }
  }

  /** Ends the stream and the connection. */
  close(): void {
    const wire = this.#client.release();
    wire.owner = nobody;
    wire.write('</stream:stream>');
    wire.end();
    // How the server handles the end of the stream does not matter to a finished registration.
    this.#context.schedule(2000, () => wire.destroy());
  }

  destroy(): void {
    this.#isOver = true;
    const { wire } = this.#client;
    // Whatever the library still waits for would keep its timer, and all of this, until the time-out.
    const error = new AmocError('CONNECTION', 'given up');
    this.xmpp.emit('error', error);
    for (const waiting of this.xmpp.iqCaller.handlers.values()) waiting.reject(error);
    this.xmpp._detachSocket();
    this.xmpp._detachParser();
    if (wire === undefined) return;
    wire.owner = nobody;
    wire.destroy();
  }

  #open(owner: Wire['owner']): Wire {
    const { watcher } = this.#context;
    const stanza = owner.stanza.bind(owner);
    owner.stanza = (text) => {
      watcher?.()?.('in', text);
      const error = this.#isBound ? this.#early.add(text) : this.#count(text);
      if (error !== undefined) this.#fail(error);
      else if (!this.#isBound) stanza(text);
    };
    const wire = openWire(this.#options, owner);
    if (watcher !== undefined) {
      const write = wire.write.bind(wire);
      wire.write = (text) => {
        watcher()?.('out', text);
        write(text);
      };
    }
    return wire;
  }

  /** @returns an error when the server sends more than a login needs */
  #count(text: string): AmocError | undefined {
    this.#length += text.length;
    return this.#length <= MOST_CHARACTERS
      ? undefined
      : new AmocError(
          'CONNECTION',
          `the server sent more than ${MOST_CHARACTERS} characters during the login`,
        );
  }

  /** Warns, unless eavesdropping is impossible: on this machine, and over TLS. */
  warn(warning: LoginWarning, text: string): void {
    const { host } = this.#options;
    if (this.#client.wire?.isSecure === true || isLoopback(host)) return;
    this.#context.onWarning?.(
      warning,
      `${host}: ${text}, and the connection has no TLS (xmppTls 'starttls' or 'direct' demands it)`,
    );
  }

  /** Puts amoc's mechanisms and its own view of the stream's features below the library. */
  #adapt(): void {
    const { xmpp } = this;
    const options = this.#options;
    const onElement = xmpp._onElement.bind(xmpp);
    xmpp._onElement = (element) => {
      if (this.#endsLogin(element)) this.#isBound = true;
      const doubt = this.#authentication.doubt(element);
      const isFeatures = element.is('features', NS.stream);
      if (doubt !== undefined) this.#fail(doubt);
      else if (!isFeatures || this.#takesFeatures(element, onElement)) onElement(element);
    };
    xmpp._onSeeOtherHost = ({ element }) => {
      this.#fail(new SeeOtherHost(element.getChildText('see-other-host')?.trim() ?? '', options));
    };
    xmpp.on('error', (error: Error) => this.#fail(error));
    xmpp.on('disconnect', () => this.#fail(new AmocError('CONNECTION', 'closed by the server')));
    xmpp.on('connect', () => {
      this.stage = 'stream';
      this.#tellWire();
    });
    xmpp.on('online', () => {
      if (this.#demandsSession && !this.#isBound) void this.#establishSession();
      else this.#done.resolve(undefined);
    });
    xmpp.sasl2.use(
      NS.sm,
      () => {
        const { resume } = this.#options;
        return resume && parseElement(smResume(resume.id, resume.received));
      },
      (answer) => {
        if (answer.name === 'resumed') this.#done.resolve(Number(answer.attrs['h']));
        else this.#failedToResume(answer);
      },
    );
  }

  /** Old servers demand this before the first stanza, unless they say `<optional/>` with it. */
  async #establishSession(): Promise<void> {
    const request = establishSession();
    this.#sessionRequest = request.attrs['id'] as string;
    try {
      const answer = await this.xmpp.sendReceive(request);
      if (answer.attrs['type'] === 'error') throw stanzaErrorOf(Stanza.of(answer), 'the session');
      this.#done.resolve(undefined);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Whether the login ends with this element: what comes after it belongs to the session. */
  #endsLogin(element: Element): boolean {
    if (element.is('success', NS.sasl2)) {
      this.#jid = element.getChildText('authorization-identifier') ?? undefined;
      const isBound = element.getChild('bound', NS.bind2) !== undefined;
      return isBound || element.getChild('resumed', NS.sm) !== undefined;
    }
    if (element.is('resumed', NS.sm)) return true;
    if (element.name !== 'iq') return false;
    const { id } = element.attrs;
    if (id !== undefined && id === this.#sessionRequest) return true;
    const bind = element.getChild('bind', NS.bind);
    // As the server wrote it: the library has a form of its own.
    this.#jid = bind?.getChildText('jid') ?? this.#jid;
    return bind !== undefined && !this.#demandsSession;
  }

  /** @returns whether the library should process these features */
  #takesFeatures(features: Element, goOn: (features: Element) => void): boolean {
    const { tls, resume } = this.#options;
    const { wire } = this.#client;
    // HTTP brings its own TLS (RFC 7395 §3.9, XEP-0206 §3).
    const offersTls =
      features.getChild('starttls', NS.tls) !== undefined && wire?.upgrade !== undefined;
    const isSecure = this.#isUpgraded || wire?.isSecure === true;
    if (offersTls && !isSecure && (tls === 'starttls' || tls === 'auto')) {
      this.stage = 'tls';
      this.#upgrade().catch((error: unknown) => this.#fail(error));
      return false;
    }
    if (tls === 'starttls' && !isSecure) {
      this.stage = 'tls';
      this.#fail(new AmocError('CONNECTION', 'the server does not offer STARTTLS'));
      return false;
    }
    const offersSm = features.getChild('sm', NS.sm) !== undefined;
    withoutUnwanted(features, this.#options);
    const offer =
      features.getChild('authentication', NS.sasl2) ?? features.getChild('mechanisms', NS.sasl);
    const session = features.getChild('session', NS.session);
    this.#demandsSession = session !== undefined && session.getChild('optional') === undefined;
    if (this.#authenticate !== undefined && offer !== undefined) {
      this.#authenticate();
      return false;
    }
    try {
      if (offer !== undefined) {
        this.stage = 'authenticate';
        this.#authentication.prepare(this.xmpp, {
          mechanisms: mechanismsOf(offer),
          bindings: channelBindingsOf(features),
        });
      }
    } catch (error) {
      this.#fail(error);
      return false;
    }
    if (offer !== undefined || resume === undefined || !offersSm) return true;
    this.#resume(features, goOn).catch((error: unknown) => this.#fail(error));
    return false;
  }

  /**
   * Resumes the earlier session; starts a new one when the server does not have it any more (XEP-0198 §5).
   */
  async #resume(features: Element, goOn: (features: Element) => void): Promise<void> {
    const { id, received } = this.#options.resume as { id: string; received: number };
    this.stage = 'bind';
    const answer = await this.xmpp.sendReceive(parseElement(smResume(id, received)));
    if (answer.is('resumed', NS.sm)) {
      this.#isBound = true;
      this.#done.resolve(Number(answer.attrs['h']));
    } else {
      this.#failedToResume(answer);
      goOn(features);
    }
  }

  /** XEP-0198 §5: the answer may say how many stanzas of the earlier session the server had handled. */
  #failedToResume({ attrs }: Element): void {
    const handled = Number(attrs['h'] ?? NaN);
    if (Number.isInteger(handled)) this.#handled = handled;
  }

  async #upgrade(): Promise<void> {
    const answer = await this.xmpp.sendReceive(xml('starttls', { xmlns: NS.tls }));
    if (!answer.is('proceed', NS.tls)) throw new AmocError('CONNECTION', 'STARTTLS was refused');
    await this.#client.wire?.upgrade?.();
    this.#isUpgraded = true;
    this.#tellWire();
    this.stage = 'stream';
    await this.xmpp.restart();
  }

  #tellWire(): void {
    const { wire } = this.#client;
    if (wire !== undefined) this.#context.onWire?.(wire, this.#options);
  }

  #fail(error: unknown): void {
    this.#failed.reject(error);
  }

  /** What did not come: a kernel accepts connections that the server's process never gets to see. */
  #silence(): string {
    const hasHeard = this.stage !== 'stream' || this.#isUpgraded || this.xmpp.status === 'open';
    return hasHeard
      ? 'not completed'
      : 'connected, but the server (is its listen queue full? see its `backlog`) sent nothing';
  }
}

/** A function, because the value may have been set during an await. */
function isSet<T>(value: T | undefined): value is T {
  return value !== undefined;
}
