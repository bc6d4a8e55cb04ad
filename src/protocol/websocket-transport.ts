import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { deferred } from '../lib/abort.ts';
import { AmocError, listenError, messageOf } from '../lib/errors.ts';
import { MAX_FRAME_BYTES } from './messages.ts';
import { Transport } from './transport.ts';

/** Connections in or before their handshake that a master keeps at once; more are refused. */
const MOST_CONNECTIONS = 20_000;

/** Time between two pings; a peer that misses {@link MISSED_PINGS} in a row is gone. */
const PING_MS = 2000;
const MISSED_PINGS = 5;

/** Frames of one WebSocket, which is pinged while it is open. */
class WebSocketTransport extends Transport {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, remote: string, liveness: boolean) {
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
    if (liveness) watchLiveness(socket);
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

/** How a connection is watched. */
export interface LinkOptions {
  /**
   * Ping the other side and cut the connection when it stays silent. Needless between processes of
   * one machine, where it would take a blocked event loop for a lost link.
   */
  liveness: boolean;
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
  { liveness }: LinkOptions,
): Promise<ControlListener> {
  const http = createServer((_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain' });
    response.end('amoc: slaves only\n');
  });
  const server = new WebSocketServer({
    server: http,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    // A browser always sends an Origin, a slave never does: no page can reach the control socket.
    verifyClient: ({ req }: { req: IncomingMessage }) =>
      req.headers.origin === undefined && server.clients.size < MOST_CONNECTIONS,
  });
  server.on('connection', (socket, request) => {
    onTransport(
      new WebSocketTransport(socket, request.socket.remoteAddress ?? 'unknown', liveness),
    );
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
export async function dialMaster(url: string, { liveness }: LinkOptions): Promise<Transport> {
  const socket = new WebSocket(url, {
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handshakeTimeout: 5000,
  });
  const transport = new WebSocketTransport(socket, url, liveness);
  const opened = deferred<Transport>();
  socket.once('open', () => opened.resolve(transport));
  socket.once('error', (error) => {
    opened.reject(new AmocError('CONNECTION', `${url}: ${messageOf(error)}`, { cause: error }));
  });
  return opened.promise;
}

function watchLiveness(socket: WebSocket): void {
  let missed = 0;
  const timer = setInterval(() => {
    if (missed >= MISSED_PINGS) {
      socket.terminate();
      return;
    }
    missed++;
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, PING_MS);
  timer.unref();
  socket.on('pong', () => (missed = 0));
  socket.on('message', () => (missed = 0));
  socket.on('close', () => clearInterval(timer));
}
