import { EventEmitter } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { WebSocket } from 'ws';

/** What a server's certificate is checked with. */
export interface TlsOptions {
  /** @default true */
  verify: boolean;
  /** PEM certificates to trust besides the system's. */
  ca: string | undefined;
  /** The name that the certificate must be for, and SNI. */
  servername: string;
}

/** The TLS options of Node.js that stand for ours. */
export function nodeTlsOptions(options: TlsOptions): tls.ConnectionOptions {
  return {
    servername: net.isIP(options.servername) === 0 ? options.servername : '',
    rejectUnauthorized: options.verify,
    ...(options.ca === undefined ? {} : { ca: [...tls.rootCertificates, options.ca] }),
  };
}

/**
 * The socket that `@xmpp/connection` works with, over TCP or TLS: it emits `connect`, `data`,
 * `error` and `close`. Ours, because the library's own take no TLS options.
 */
export class ClientSocket extends EventEmitter {
  /** Whether passwords may cross it in the clear (the library asks). */
  readonly secure: boolean;
  readonly raw: net.Socket;

  constructor(raw: net.Socket) {
    super();
    this.raw = raw;
    this.secure = raw instanceof tls.TLSSocket;
    raw.setNoDelay(true);
    raw.on(this.secure ? 'secureConnect' : 'connect', () => this.emit('connect'));
    raw.on('data', (data) => emitData(this, data, () => raw.destroy()));
    raw.on('error', (error) => emitError(this, error));
    raw.on('close', () => this.emit('close'));
  }

  write(data: string, done?: (error?: Error | null) => void): void {
    this.raw.write(data, done);
  }

  end(): void {
    this.raw.end();
  }

  destroy(): void {
    this.raw.destroy();
  }
}

/** The same over a WebSocket (RFC 7395). */
export class ClientWebSocket extends EventEmitter {
  readonly secure: boolean;
  readonly #socket: WebSocket;

  constructor(url: string, host: string, tlsOptions: TlsOptions) {
    super();
    this.secure = url.startsWith('wss:');
    this.#socket = new WebSocket(url, ['xmpp'], {
      perMessageDeflate: false,
      headers: { host },
      ...(this.secure ? nodeTlsOptions(tlsOptions) : {}),
    });
    this.#socket.on('open', () => this.emit('connect'));
    this.#socket.on('message', (data: Buffer) => {
      emitData(this, data, () => this.#socket.terminate());
    });
    this.#socket.on('error', (error) => emitError(this, error));
    this.#socket.on('close', () => this.emit('close'));
  }

  write(data: string, done?: (error?: Error | null) => void): void {
    this.#socket.send(data, done);
  }

  end(): void {
    this.#socket.close();
  }

  destroy(): void {
    this.#socket.terminate();
  }
}

/** Once the library has let go of its parser, the rest of a chunk makes it throw where nobody catches. */
function emitData(socket: EventEmitter, data: unknown, drop: () => void): void {
  try {
    socket.emit('data', data);
  } catch (error) {
    drop();
    emitError(socket, error);
  }
}

/** An error that nobody listens for any more would end the process, with all of its users. */
function emitError(socket: EventEmitter, error: unknown): void {
  if (socket.listenerCount('error') > 0) socket.emit('error', error);
}
