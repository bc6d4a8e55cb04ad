import net from 'node:net';
import tls from 'node:tls';
import type { FrameLimits } from './frame-grammar.ts';
import { Framer } from './framer.ts';
import { tlsFactsOf } from './tls-facts.ts';
import type { TlsFacts } from './tls-facts.ts';
import { certificateOf, keepSession, keptSession, nodeTlsOptions } from './tls-options.ts';
import { clientService } from './transport-spec.ts';
import type { TransportSpec, WireTarget } from './transport-spec.ts';
import { ignoringOwner } from './wire.ts';
import type { Wire, WireOwner } from './wire.ts';

/**
 * One buffer for the reads of all connections: data is processed before the next read, so ten thousand
 * connections need no memory for it.
 */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Framers between two stanzas are all alike, so the connections of this process share a few, which stay in
 * the processor's cache.
 */
const idleFramers: Framer[] = [];
const MAX_IDLE = 16;
const streamTag = Buffer.from('<stream:stream>');

/** A framer that has read the header of a stream. */
function newFramer(): Framer {
  const framer = new Framer(ignoringOwner);
  framer.push(streamTag);
  return framer;
}

/**
 * Wires with something to write at the end of this turn of the event loop. Many users send in one turn of the
 * timer wheel; writing for all of them at once costs the kernel and the server fewer wake-ups than a write
 * after each user's code, and two stanzas of one session travel together.
 */
let unwritten: TcpWire[] = [];

function writeAll(): void {
  const wires = unwritten;
  unwritten = [];
  for (const wire of wires) wire.flush();
}

/** A stream over TCP, or TLS over TCP. */
export class TcpWire implements Wire {
  #owner: WireOwner;
  /** Set only while a stanza is incomplete. */
  #framer: Framer | undefined;
  #isStopped = false;
  readonly #limits: FrameLimits;
  /** What an upgrade to TLS needs; dropped after the login. */
  #target: WireTarget | undefined;
  #socket: net.Socket;
  #out = '';
  /** DER certificate of the server whose TLS session is resumed; a full handshake brings its own. */
  #certificate: Buffer | undefined;

  /** Connects; a direct target begins with TLS (XEP-0368). */
  constructor(target: WireTarget, owner: WireOwner) {
    this.#owner = owner;
    this.#limits = target.limits;
    this.#framer = new Framer(owner, target.limits);
    this.#target = target;
    const { host, port, localAddress } = target;
    const options: net.TcpNetConnectOpts = {
      host,
      port,
      // A test of one server needs one address after the other, not a race of two.
      autoSelectFamily: false,
      noDelay: true,
      onread: { buffer: readBuffer, callback: (count) => this.#read(count) },
      ...(localAddress === undefined ? {} : { localAddress }),
    };
    if (target.isDirect) {
      const secure = this.#secure(target, options);
      this.#socket = secure;
      secure.setNoDelay(true);
      secure.once('secureConnect', () => this.#owner.connected());
    } else {
      this.#socket = net.connect(options);
      this.#socket.once('connect', () => this.#owner.connected());
    }
    this.#listen(this.#socket);
  }

  get owner(): WireOwner {
    return this.#owner;
  }

  set owner(owner: WireOwner) {
    this.#owner = owner;
    if (this.#framer !== undefined) this.#framer.target = owner;
  }

  get isSecure(): boolean {
    return this.#socket instanceof tls.TLSSocket;
  }

  get pending(): number {
    return this.#socket.writableLength + this.#out.length;
  }

  write(text: string): void {
    if (this.#out === '') {
      // Runs after the promises of this turn.
      if (unwritten.length === 0) process.nextTick(writeAll);
      unwritten.push(this);
      this.#out = text;
    } else this.#out += text;
  }

  /** Writes what waits for the end of the turn. */
  flush(): void {
    const text = this.#out;
    if (text === '') return;
    this.#out = '';
    this.#socket.write(text);
  }

  restart(): void {
    this.#isStopped = false;
    if (this.#framer === undefined) this.#framer = new Framer(this.#owner, this.#limits);
    else this.#framer.reset();
  }

  end(): void {
    this.flush();
    this.#socket.end();
  }

  destroy(): void {
    this.#stop();
    this.#out = '';
    this.#socket.destroy();
  }

  loggedIn(): void {
    this.#target = undefined;
  }

  upgrade(): Promise<void> {
    this.flush();
    // What came in the clear after <proceed/> must not be read as if it had come under TLS.
    this.#stop();
    const raw = this.#socket;
    raw.removeAllListeners('error');
    raw.removeAllListeners('close');
    raw.on('error', () => {});
    const secure = this.#secure(this.#target as WireTarget, { socket: raw });
    this.#socket = secure;
    this.#listen(secure);
    secure.on('data', (chunk: Buffer) => this.#push(chunk, chunk.length));
    return new Promise((resolve) => secure.once('secureConnect', resolve));
  }

  channelBinding(type: 'tls-exporter' | 'tls-unique'): Buffer | undefined {
    const socket = this.#socket;
    if (!(socket instanceof tls.TLSSocket)) return undefined;
    // RFC 9266 §2; RFC 5929 §3 is only defined up to TLS 1.2.
    if (type === 'tls-exporter') {
      return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
    }
    if (socket.getProtocol() === 'TLSv1.3') return undefined;
    return (
      (socket.isSessionReused() ? socket.getPeerFinished() : socket.getFinished()) ?? undefined
    );
  }

  peerCertificate(): Buffer | undefined {
    const socket = this.#socket;
    if (!(socket instanceof tls.TLSSocket)) return undefined;
    return certificateOf(socket, this.#certificate);
  }

  tlsFacts(): TlsFacts | undefined {
    return tlsFactsOf(this.#socket);
  }

  #secure(target: WireTarget, options: tls.ConnectionOptions): tls.TLSSocket {
    const name = `${target.host}:${target.port}`;
    const tlsOptions = target.isDirect ? { ...target.tls, alpn: 'xmpp-client' } : target.tls;
    const kept = keptSession(tlsOptions, name);
    this.#certificate = kept?.certificate;
    const secure = tls.connect({ ...options, ...nodeTlsOptions(tlsOptions, kept) });
    keepSession(secure, tlsOptions, name, this.#certificate);
    return secure;
  }

  #read(count: number): boolean {
    this.#push(readBuffer, count);
    return true;
  }

  #push(bytes: Buffer, count: number): void {
    if (this.#isStopped) return;
    const framer = this.#framer ?? idleFramers.pop() ?? newFramer();
    framer.target = this.#owner;
    framer.limits = this.#limits;
    // What the framer finds may replace it: a login that ends, a stream that restarts.
    this.#framer = framer;
    framer.push(bytes, count);
    if (!framer.isAtRest || this.#framer !== framer) return;
    this.#framer = undefined;
    if (idleFramers.length < MAX_IDLE) idleFramers.push(framer);
  }

  #stop(): void {
    this.#isStopped = true;
    this.#framer?.stop();
  }

  #listen(socket: net.Socket): void {
    socket.on('error', (error) => this.#owner.failed(error));
    socket.on('close', () => this.#owner.closed());
    socket.on('drain', () => this.#owner.drained());
  }
}

/** RFC 6120 §14.7, XEP-0368. */
export const tcp: TransportSpec = {
  title: 'TCP',
  port: (mode) => (mode === 'direct' ? 5223 : 5222),
  tlsModes: ['none', 'starttls', 'direct', 'auto'],
  srv: clientService,
  open: (target, owner) => new TcpWire(target, owner),
};
