import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { WebSocket, WebSocketServer } from 'ws';
import { deferred } from '../lib/time/async.ts';
import { AmocError, listenError, messageOf } from '../lib/errors.ts';
import { systemLimits } from '../lib/system/limits.ts';
import { clientTls, serverTls } from './control-tls.ts';
import type { ControlTls } from './control-tls.ts';
import { MAX_FRAME_BYTES } from './messages.ts';
import { Strangers } from './strangers.ts';
import { Transport } from './transport.ts';

/** Maximum number of connections to a master at once; further ones are refused. */
const MAX_CONNECTIONS = 20_000;
/** The files that a master keeps for everything else: consoles, `/health`, the journal, logs, records. */
const KEPT_FILES = { most: 256, part: 1 / 4 };
/** A TLS handshake that takes longer is given up. */
const TLS_HANDSHAKE_MS = 5000;
/** RFC 6455 §5.5.1: a close frame has at most 125 bytes, two of them the code. */
const MAX_CLOSE_REASON_BYTES = 123;
/** RFC 9266 §4.2. */
const EXPORTER_LABEL = 'EXPORTER-Channel-Binding';
const EXPORTER_BYTES = 32;

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
      this.closed(cause ?? (reason.length > 0 ? reason.toString() : meaningOf(code)));
    });
  }

  override send(frame: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  protected override shut(reason: string): void {
    if (this.#socket.readyState >= WebSocket.CLOSING) return;
    this.#socket.close(1008, cutToBytes(reason, MAX_CLOSE_REASON_BYTES));
    setTimeout(() => this.#socket.terminate(), 1000).unref();
  }
}

/** RFC 6455 §7.4.1: 1006 is not the code of a frame; it says that no close frame came. */
function meaningOf(code: number): string {
  return code === 1006 ? 'the connection was cut' : `code ${code}`;
}

/** The longest beginning of a text that takes at most `most` bytes in UTF-8. */
function cutToBytes(text: string, most: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(most));
  return text.slice(0, read);
}

/** See {@link Transport.channelBinding}. */
function channelBindingOf(socket: unknown): string {
  if (!(socket instanceof TLSSocket)) return '';
  return socket
    .exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, Buffer.alloc(0))
    .toString('hex');
}

/** A listening socket of a master. */
export interface ControlListener extends AsyncDisposable {
  readonly port: number;
}

/**
 * Listens for slaves.
 *
 * @param onTransport called with each connection, before its handshake
 * @param onFull called for each connection that is refused, with the number that may be open
 * @throws {AmocError} `CONNECTION` when the address cannot be used, naming the address and the reason
 */
export async function listenForSlaves(
  address: { host: string; port: number },
  onTransport: (transport: Transport) => void,
  { tls, onFull }: { tls?: ControlTls | undefined; onFull?: (most: number) => void } = {},
): Promise<ControlListener> {
  const refuse: RequestListener = (_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain' });
    response.end('amoc: slaves only\n');
  };
  const http =
    tls === undefined
      ? createServer(refuse)
      : createSecureServer({ ...serverTls(tls), handshakeTimeout: TLS_HANDSHAKE_MS }, refuse);
  const strangers = new Strangers();
  const server = new WebSocketServer({
    server: http,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    // A browser always sends an Origin, a slave never does: no page can reach the control socket.
    verifyClient: ({ req }: { req: IncomingMessage }) => req.headers.origin === undefined,
  });
  http.maxConnections = mostConnections(systemLimits().openFiles);
  http.on('connection', (socket: Socket) => strangers.enter(socket));
  http.on('drop', () => {
    // When strangers have taken the places, the next connection finds one.
    strangers.dropOldest();
    onFull?.(http.maxConnections);
  });
  server.on('connection', (socket, request) => {
    const transport = new WebSocketTransport(socket, request.socket.remoteAddress ?? 'unknown');
    transport.channelBinding = channelBindingOf(request.socket);
    transport.onTrusted = strangers.watch(request.socket);
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

/** @param openFiles how many files this process may open; `undefined` when that is unknown */
function mostConnections(openFiles = Infinity): number {
  const kept = Math.min(KEPT_FILES.most, Math.ceil(openFiles * KEPT_FILES.part));
  return Math.max(1, Math.min(MAX_CONNECTIONS, openFiles - kept));
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
  socket.once('upgrade', (response) => {
    transport.channelBinding = channelBindingOf(response.socket);
  });
  const opened = deferred<Transport>();
  socket.once('open', () => opened.resolve(transport));
  socket.once('error', (error) => {
    opened.reject(new AmocError('CONNECTION', `${url}: ${messageOf(error)}`, { cause: error }));
  });
  return opened.promise;
}
