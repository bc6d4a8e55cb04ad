import { createHash } from 'node:crypto';
import { deferred } from '../../lib/time/async.ts';
import { AmocError } from '../../lib/errors.ts';
import { escapeXml } from '../element.ts';
import { openSession } from '../session/session.ts';
import type { Session } from '../session/session.ts';
import type { SendBuffer } from '../session/session-parts.ts';
import { Stanza } from '../stanza.ts';
import { isStreamErrorStanza, readStreamError } from '../stanza-errors.ts';
import { defaultFrameLimits, frameLimitsOf } from '../wire/frame-grammar.ts';
import { attributeIn } from '../wire/framed.ts';
import { tcp } from '../wire/tcp-wire.ts';
import { ignoringOwner } from '../wire/wire.ts';
import type { Wire, WireOwner } from '../wire/wire.ts';
import { EarlyStanzas } from './early-stanzas.ts';
import { depsOf } from './connect-context.ts';
import type { ConnectContext } from './connect-context.ts';
import { LoginRace } from './login-race.ts';

/** How to connect as a component of a server. */
export interface ComponentOptions {
  host: string;
  port: number;
  localAddress?: string | undefined;
  /** The component's JID. */
  domain: string;
  secret: string;
  sendBuffer: SendBuffer;
  /** Maximum size of a received stanza, in bytes. @default 1 MiB */
  stanzaBytes?: number | undefined;
  timeoutMs: number;
}

/**
 * Connects as a component (XEP-0114 §3): a session whose stanzas carry their own `from`.
 *
 * @throws {ConnectError} naming the stage
 */
export async function connectComponent(
  options: ComponentOptions,
  context: ConnectContext,
): Promise<Session> {
  const { stanzaBytes = defaultFrameLimits.stanzaBytes, sendBuffer } = options;
  const { now, observer } = context;
  const began = now();
  const login = new ComponentLogin(options, context, stanzaBytes);
  const wire = await login.run();
  observer.connected('new', now() - began);
  const opened = { jid: options.domain, wire, early: login.early.all };
  return openSession(opened, { sendBuffer }, depsOf(context));
}

/** A component's handshake: it proves with a digest that it knows the secret (XEP-0114 §3). */
class ComponentLogin implements WireOwner {
  /** What came after the handshake. */
  readonly early: EarlyStanzas;
  readonly #options: ComponentOptions;
  readonly #race: LoginRace;
  readonly #ready = deferred<undefined>();
  readonly #wire: Wire;

  constructor(options: ComponentOptions, context: ConnectContext, stanzaBytes: number) {
    this.#options = options;
    this.early = new EarlyStanzas(stanzaBytes);
    this.#race = new LoginRace(options, context, {
      missing: () => 'not completed',
      giveUp: () => {
        this.#wire.owner = ignoringOwner;
        this.#wire.destroy();
      },
    });
    const { host, port, localAddress, domain } = options;
    const tls = { verify: true, ca: undefined, servername: domain };
    const limits = frameLimitsOf(stanzaBytes);
    const target = { host, port, localAddress, domain, path: '', isDirect: false, tls, limits };
    this.#wire = tcp.open(target, this);
  }

  /** @throws {ConnectError} naming the stage; the connection is dropped then */
  async run(): Promise<Wire> {
    await this.#race.run(() => this.#ready.promise);
    this.#wire.loggedIn?.();
    return this.#wire;
  }

  connected(): void {
    this.#race.stage = 'stream';
    const to = escapeXml(this.#options.domain);
    this.#wire.write(
      `<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='${to}'>`,
    );
  }

  opened(tag: string): void {
    this.#race.stage = 'authenticate';
    const { secret } = this.#options;
    const proof = createHash('sha1').update((attributeIn(tag, 'id') ?? '') + secret);
    this.#wire.write(`<handshake>${proof.digest('hex')}</handshake>`);
  }

  stanza(text: string): void {
    const stanza = new Stanza(text);
    if (stanza.name === 'handshake') this.#ready.resolve(undefined);
    else if (isStreamErrorStanza(stanza)) this.#fail(readStreamError(stanza).text);
    else {
      const error = this.early.add(text);
      if (error !== undefined) this.#race.fail(error);
    }
  }

  ended(): void {
    this.#fail('closed by the server');
  }

  malformed(error: AmocError): void {
    this.#race.fail(error);
  }

  drained(): void {}

  failed(error: Error): void {
    this.#race.fail(error);
  }

  closed(): void {
    this.#fail('closed by the server');
  }

  #fail(text: string): void {
    this.#race.fail(new AmocError('CONNECTION', text));
  }
}
