import { deferred } from '../../lib/time/async.ts';
import { ownText } from '../../lib/text/own-text.ts';
import { AmocError } from '../../lib/errors.ts';
import { isLoopback } from '../../lib/system/loopback.ts';
import type { ConnectOptions } from '../connect-options.ts';
import { parseElement, xml } from '../element.ts';
import type { Element } from '../element.ts';
import type { LoginKind } from '../session/session-parts.ts';
import { Stanza } from '../stanza.ts';
import { stanzaErrorOf } from '../stanza-errors.ts';
import { smResume } from '../session/stream-management.ts';
import { openWire } from '../wire/open-wire.ts';
import { defaultFrameLimits } from '../wire/frame-grammar.ts';
import { ignoringOwner } from '../wire/wire.ts';
import type { Wire } from '../wire/wire.ts';
import { Authentication } from './authentication.ts';
import { LibraryClient } from './library-client.ts';
import type { Library } from './library-client.ts';
import { LoginOwner } from './login-owner.ts';
import { LoginRace } from './login-race.ts';
import { SeeOtherHost } from './see-other-host.ts';
import type { LoginWarning } from './mechanisms.ts';
import { withoutUnwanted } from './features.ts';
import { demandsSession, nextStep } from './next-step.ts';
import type { LoginStep } from './next-step.ts';
import { TracingWire, untraced } from './tracing-wire.ts';
import { establishSession } from '../stanzas/iq.ts';
import { NS } from '../stanzas/namespaces.ts';
import type { ConnectContext } from './connect-context.ts';

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
  /** The stage, and what may end the login early. */
  readonly race: LoginRace;
  readonly #options: ConnectOptions;
  readonly #context: ConnectContext;
  readonly #client: LibraryClient;
  readonly #done = deferred<number | undefined>();
  readonly #owner: LoginOwner;
  #isOver = false;
  readonly #authentication: Authentication;
  /** Set when the stream is only to be opened: called when the server waits for a login. */
  #opened: (() => void) | undefined;
  #isUpgraded = false;
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
    this.#client = new LibraryClient(
      { domain, resource, timeoutMs },
      () => this.#open(),
      async (authenticate, _mechanisms, fast) => {
        await this.#authentication.run(authenticate, fast);
        this.race.stage = 'bind';
      },
    );
    this.race = new LoginRace(options, context, {
      missing: () => this.#missing(),
      giveUp: () => this.destroy(),
    });
    this.#owner = new LoginOwner(stanzaBytes, {
      library: this.#client,
      fail: this.race.fail,
      watcher: context.watcher,
    });
    this.#authentication = new Authentication(options, {
      wire: () => this.#client.wire,
      isWanted: () => !this.#isOver,
      warn: (warning, text) => this.warn(warning, text),
    });
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
    const resumedAt = await this.race.run(async () => {
      // Servers offer SASL2 to clients that name their account (XEP-0388 §2.2); that is done over TLS alone
      // (RFC 6120 §4.7.1).
      if (mechanism !== 'ANONYMOUS') this.#client.nameAccount(account);
      await this.#client.open(domain);
      return this.#done.promise;
    });
    const jid =
      resumedAt !== undefined && resume !== undefined ? resume.jid : ownText(this.#jid ?? account);
    const wire = untraced(this.#client.release());
    wire.loggedIn?.();
    const [kind, early] = [this.#kindOf(resumedAt), this.#owner.early.all];
    return { wire, jid, kind, resumedAt, handled: this.#handled, early };
  }

  #kindOf(resumedAt: number | undefined): LoginKind {
    if (resumedAt !== undefined) return 'resumed';
    if (this.#options.resume !== undefined) return 'not resumed';
    return this.#authentication.wasByToken ? 'by token' : 'new';
  }

  /** Opens the stream, up to where the server waits for a login. */
  async openOnly(): Promise<void> {
    const features = new Promise<void>((resolve) => (this.#opened = resolve));
    await this.#client.open(this.#options.domain);
    await features;
  }

  /** Ends the stream and the connection. */
  close(): void {
    const wire = this.#client.release();
    wire.owner = ignoringOwner;
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
    wire.owner = ignoringOwner;
    wire.destroy();
  }

  #open(): Wire {
    const { watcher } = this.#context;
    const wire = openWire(this.#options, this.#owner);
    return watcher === undefined ? wire : new TracingWire(wire, watcher);
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
      if (this.#endsLogin(element)) this.#owner.isOver = true;
      const doubt = this.#authentication.doubt(element);
      const isFeatures = element.is('features', NS.stream);
      if (doubt !== undefined) this.race.fail(doubt);
      else if (!isFeatures || this.#takesFeatures(element, onElement)) onElement(element);
    };
    xmpp._onSeeOtherHost = ({ element }) => {
      this.race.fail(
        new SeeOtherHost(element.getChildText('see-other-host')?.trim() ?? '', options),
      );
    };
    xmpp.on('error', (error: Error) => this.race.fail(error));
    xmpp.on('disconnect', () =>
      this.race.fail(new AmocError('CONNECTION', 'closed by the server')),
    );
    xmpp.on('connect', () => {
      this.race.stage = 'stream';
      this.#tellWire();
    });
    xmpp.on('online', () => {
      if (this.#demandsSession && !this.#owner.isOver) void this.#establishSession();
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
      this.race.fail(error);
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
    const { wire } = this.#client;
    const step = nextStep(features, this.#options, {
      canUpgrade: wire?.upgrade !== undefined,
      isSecure: this.#isUpgraded || wire?.isSecure === true,
      opensOnly: this.#opened !== undefined,
    });
    const isTls = step.do === 'upgrade' || step.do === 'refuse';
    if (!isTls) {
      withoutUnwanted(features, this.#options);
      this.#demandsSession = demandsSession(features);
    }
    try {
      this.#take(step, () => this.#resume(features, goOn));
    } catch (error) {
      this.race.fail(error);
      return false;
    }
    return step.do === 'authenticate' || step.do === 'bind';
  }

  #take(step: LoginStep, resume: () => Promise<void>): void {
    switch (step.do) {
      case 'upgrade':
        this.race.stage = 'tls';
        this.#upgrade().catch(this.race.fail);
        return;
      case 'refuse':
        this.race.stage = 'tls';
        throw new AmocError('CONNECTION', step.why);
      case 'stop':
        this.#opened?.();
        return;
      case 'authenticate':
        this.race.stage = 'authenticate';
        this.#authentication.prepare(this.xmpp, step.offer);
        return;
      case 'resume':
        resume().catch(this.race.fail);
        return;
      case 'bind':
    }
  }

  /**
   * Resumes the earlier session; starts a new one when the server does not have it any more (XEP-0198 §5).
   */
  async #resume(features: Element, goOn: (features: Element) => void): Promise<void> {
    const { id, received } = this.#options.resume as { id: string; received: number };
    this.race.stage = 'bind';
    const answer = await this.xmpp.sendReceive(parseElement(smResume(id, received)));
    if (answer.is('resumed', NS.sm)) {
      this.#owner.isOver = true;
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
    this.race.stage = 'stream';
    await this.xmpp.restart();
  }

  #tellWire(): void {
    const { wire } = this.#client;
    if (wire !== undefined) this.#context.onWire?.(wire, this.#options);
  }

  /** What did not come: a kernel accepts connections that the server's process never gets to see. */
  #missing(): string {
    const hasHeard =
      this.race.stage !== 'stream' || this.#isUpgraded || this.xmpp.status === 'open';
    return hasHeard
      ? 'not completed'
      : 'connected, but the server (is its listen queue full? see its `backlog`) sent nothing';
  }
}
