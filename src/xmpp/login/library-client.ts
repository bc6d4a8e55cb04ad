import { EventEmitter } from 'node:events';
import { client } from '@xmpp/client';
import { parseElement, xml } from '../element.ts';
import type { Element } from '../element.ts';
import { AmocError, messageOf } from '../../lib/errors.ts';
import type { Wire, WireOwner } from '../wire/wire.ts';

/** What `@xmpp/client` keeps internal, although its own extensions build on it. */
export interface Library {
  status: string;
  timeout: number;
  transports: unknown[];
  saslFactory: { _mechs: { name: string; mech: unknown }[] };
  fast: {
    saveToken(token: object): Promise<void>;
    fetchToken(): Promise<object | undefined>;
    deleteToken(): Promise<void>;
    fetch(): Promise<object | undefined>;
  };
  jid: { toString(): string } | null;
  reconnect: { stop(): void };
  iqCaller: { handlers: Map<string, { reject(reason: unknown): void }> };
  parser: EventEmitter | null;
  _onElement(element: Element): void;
  _onSeeOtherHost(error: { element: Element }): void;
  isSecure(): boolean;
  header(element: Element): string;
  sasl2: {
    use(
      xmlns: string,
      ask: (offer: Element) => Element | undefined,
      answer: (element: Element) => void,
    ): void;
  };
  _detachSocket(): void;
  _detachParser(): void;
  connect(service: string): Promise<void>;
  open(options: { domain: string }): Promise<void>;
  restart(): Promise<void>;
  sendReceive(element: Element): Promise<Element>;
  on(event: string, listener: (...values: never[]) => void): void;
  emit(event: string, value: unknown): void;
}

/** Gives the credentials and the chosen mechanism to the library's SASL and SASL2. */
export type Authenticate = (
  authenticate: (credentials: object, mechanism: string, userAgent?: Element) => Promise<void>,
  mechanisms: string[],
  fast: Library['fast'] | null,
) => Promise<void>;

/**
 * `@xmpp/client` over a {@link Wire} of amoc: it negotiates, and releases the connection when the session is
 * established. It gets element by element what it would otherwise read through a socket and a parser of its
 * own.
 */
export class LibraryClient implements WireOwner {
  readonly xmpp: Library;
  readonly #socket: LibrarySocket;
  #wire: Wire | undefined;

  constructor(
    options: { domain: string; resource: string; timeoutMs: number },
    openWire: () => Wire,
    authenticate: Authenticate,
  ) {
    const { domain, resource, timeoutMs } = options;
    this.xmpp = client({
      service: SERVICE,
      domain,
      resource,
      credentials: authenticate,
      userAgent: NO_USER_AGENT,
    } as never) as unknown as Library;
    this.xmpp.timeout = timeoutMs;
    this.xmpp.reconnect.stop();
    this.#socket = new LibrarySocket(() => (this.#wire = openWire()));
    this.#useTransport();
  }

  get wire(): Wire | undefined {
    return this.#wire;
  }

  /**
   * Sets the account of the login, which goes into the headers of encrypted streams (RFC 6120 §4.7.1). The library
   * is not told: it would take the account as its own JID and parse it twice for each element.
   */
  nameAccount(account: string): void {
    // The server judges a name that is not valid in a JID.
    if (NO_LOCALPART.test(account.slice(0, account.lastIndexOf('@')))) return;
    const { xmpp } = this;
    const header = xmpp.header.bind(xmpp);
    xmpp.header = (element) => {
      if (xmpp.isSecure()) element.attrs['from'] = account;
      return header(element);
    };
  }

  /** Connects and opens the stream. */
  async open(domain: string): Promise<void> {
    await this.xmpp.connect(SERVICE);
    await this.xmpp.open({ domain });
  }

  /** Releases the connection. */
  release(): Wire {
    this.xmpp._detachSocket();
    this.xmpp._detachParser();
    return this.#wire as Wire;
  }

  connected(): void {
    this.#socket.emit('connect');
  }

  opened(tag: string): void {
    if (!tag.startsWith('<stream:stream')) {
      const name = /^<[^\s>/]*/.exec(tag)?.[0] ?? '';
      const text = `the server opens its stream with ${name}>; only <stream:stream> is understood`;
      this.malformed(new AmocError('CONNECTION', text));
      return;
    }
    const id = /\sid=["']([^"']*)/.exec(tag)?.[1];
    this.xmpp.parser?.emit('start', xml('stream:stream', { id, version: '1.0' }));
  }

  stanza(text: string): void {
    try {
      this.xmpp.parser?.emit('element', parseElement(text));
    } catch (error) {
      // Thrown out of the socket's callback, the error would be one of the entire process.
      this.malformed(
        error instanceof AmocError ? error : new AmocError('CONNECTION', messageOf(error)),
      );
    }
  }

  ended(): void {
    this.xmpp.parser?.emit('end', xml('stream:stream'));
    this.closed();
  }

  malformed(error: AmocError): void {
    this.failed(error);
    this.#wire?.destroy();
  }

  drained(): void {}

  /** An error event without a listener would end the process, with all of its users. */
  failed(error: Error): void {
    if (this.#socket.listenerCount('error') > 0) this.#socket.emit('error', error);
  }

  closed(): void {
    this.#socket.emit('close');
  }

  /** The library's own TCP class, with amoc's socket and no parser. */
  #useTransport(): void {
    const found = (this.xmpp.transports as TransportClass[]).find((each) => {
      try {
        return each.prototype.socketParameters(SERVICE) !== undefined;
      } catch {
        return false;
      }
    });
    const Base = found as unknown as new () => object;
    class OwnTransport extends Base {}
    const socket = this.#socket;
    const restart = (): void => this.#wire?.restart();
    Object.assign(OwnTransport.prototype, {
      Socket: function Socket() {
        return socket;
      },
      Parser: function Parser() {
        restart();
        return new EventEmitter();
      },
      socketParameters: () => ({}),
    });
    this.xmpp.transports.unshift(OwnTransport);
  }
}

/** The account's user agent comes with its credentials; without this one the library makes a random one per login. */
const NO_USER_AGENT = xml('user-agent');

/** Characters that the localpart of a JID cannot have (RFC 7622 §3.3.1). */
const NO_LOCALPART = /["&'/:<>@\s]/;

/** Only the scheme matters: the wire knows where to connect to. */
const SERVICE = 'xmpp://localhost:5222';

interface TransportClass {
  prototype: { socketParameters(service: string): unknown };
}

/** What the library uses as its socket. */
class LibrarySocket extends EventEmitter {
  readonly #open: () => Wire;
  #wire: Wire | undefined;

  constructor(open: () => Wire) {
    super();
    this.#open = open;
  }

  /** Whether passwords may cross it in the clear (the library asks). */
  get secure(): boolean {
    return this.#wire?.isSecure === true;
  }

  connect(): void {
    this.#wire = this.#open();
  }

  write(text: string, done?: (error?: Error | null) => void): void {
    this.#wire?.write(text);
    done?.();
  }

  end(): void {
    this.#wire?.end();
  }
}
