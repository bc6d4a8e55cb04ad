import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { deferred } from '../lib/abort.ts';
import { AmocError, listenError, messageOf } from '../lib/errors.ts';
import { clientTls, serverTls } from './control-tls.ts';
import type { ControlTls } from './control-tls.ts';
import { MAX_FRAME_BYTES } from './messages.ts';
import { Transport } from './transport.ts';

/** Connections in or before their handshake that a master keeps at once; more are refused. */
const MOST_CONNECTIONS = 20_000;

/** Of one address before their handshake is over; a machine's processes come one after the other. */
const MOST_STRANGERS = 256;

/** Frames of one WebSocket. */
class WebSocketTransport extends Transport {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, remote: string) {
    super(remote);
    this.#socket = socket;
    let cause: string | undefined;
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.close('text frames only');
      else this.arrived((data as Buffer).toString('utf8'));
    });
    socket.on('error', (error) => (cause = error.message));
    socket.on('close', (code, reason) => {
      this.closed(cause ?? (reason.length > 0 ? reason.toString() : `code ${code}`));
    });
  }

  override send(frame: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  override close(reason: string): void {
    if (this.#socket.readyState >= WebSocket.CLOSING) return;
    // RFC 6455 §5.5.1: a close reason has at most 123 bytes.
    this.#socket.close(1008, Buffer.from(reason).subarray(0, 120).toString('latin1'));
    setTimeout(() => this.#socket.terminate(), 1000).unref();
  }
}

/** Connections whose handshake is not over, by address. */
class Strangers {
  readonly #counts = new Map<string, number>();

  of(address = ''): number {
    return this.#counts.get(address) ?? 0;
  }

  /** @returns for when it is one no more; twice does nothing */
  enter(address = ''): () => void {
    this.#counts.set(address, this.of(address) + 1);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      const left = this.of(address) - 1;
      if (left > 0) this.#counts.set(address, left);
      else this.#counts.delete(address);
    };
  }
}

/** A listening master socket. */
export interface ControlListener extends AsyncDisposable {
  readonly port: number;
}

/**
 * Listens for slaves.
 *
 * @param onTransport called with each connection, before its handshake
 * @throws {AmocError} `CONNECTION` when the address cannot be had; the message says which and why.
 */
export async function listenForSlaves(
  address: { host: string; port: number },
  onTransport: (transport: Transport) => void,
  tls?: ControlTls,
): Promise<ControlListener> {
  const refuse: RequestListener = (_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain' });
    response.end('amoc: slaves only\n');
  };
  const http =
    tls === undefined ? createServer(refuse) : createSecureServer(serverTls(tls), refuse);
  const strangers = new Strangers();
  const server = new WebSocketServer({
    server: http,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    // A browser always sends an Origin, a slave never does: no page can reach the control socket.
    verifyClient: ({ req }: { req: IncomingMessage }) =>
      req.headers.origin === undefined &&
      server.clients.size < MOST_CONNECTIONS &&
      strangers.of(req.socket.remoteAddress) < MOST_STRANGERS,
  });
  server.on('connection', (socket, request) => {
    const { remoteAddress } = request.socket;
    const transport = new WebSocketTransport(socket, remoteAddress ?? 'unknown');
    const leave = strangers.enter(remoteAddress);
    transport.onTrusted = leave;
    socket.once('close', leave);
    onTransport(transport);
  });
  const listening = deferred<undefined>();
  http.once('listening', () => listening.resolve(undefined));
  // `ws` passes the HTTP server's errors on.
  server.on('error', (error) => listening.reject(error));
  http.listen(address.port, address.host);
  try {
    await listening.promise;
  } catch (error) {
    throw listenError(address.host, address.port, error);
  }
  return {
    port: (http.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      server.close();
      const closed = deferred<undefined>();
      http.close(() => closed.resolve(undefined));
      await closed.promise;
    },
  };
}

/**
 * Dials the master.
 *
 * @throws {AmocError} `CONNECTION`; `cause` has the system's code (`ECONNREFUSED` …).
 */
export async function dialMaster(url: string, tls?: ControlTls): Promise<Transport> {
  const socket = new WebSocket(url, {
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handshakeTimeout: 3000,
    ...(tls === undefined ? {} : clientTls(tls)),
  });
  const transport = new WebSocketTransport(socket, url);
  const opened = deferred<Transport>();
  socket.once('open', () => opened.resolve(transport));
  socket.once('error', (error) => {
    opened.reject(new AmocError('CONNECTION', `${url}: ${messageOf(error)}`, { cause: error }));
  });
  return opened.promise;
}
