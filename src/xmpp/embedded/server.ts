import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { WebSocketServer } from 'ws';
import { deferred } from '../../lib/time/async.ts';
import { listenError } from '../../lib/errors.ts';
import { prepareJid } from '../jid.ts';
import type { AccountPatterns } from './accounts.ts';
import type { ClientSession } from './client-session.ts';
import { ClientStream } from './client-stream.ts';
import { whenSpoken } from './first-byte.ts';
import { MAX_STANZA_BYTES } from './link.ts';
import type { MakeOwner } from './link.ts';
import { Resumables } from './resumables.ts';
import { Router } from './router.ts';
import { TcpLink } from './tcp-link.ts';
import { WebSocketLink } from './web-socket-link.ts';

/** Options of the embedded server. */
export interface EmbeddedServerOptions {
  /** 0 takes any free port. */
  port: number;
  /** @default 'localhost' */
  domain?: string;
  patterns: AccountPatterns;
  /** PEM of a certificate and its key, for STARTTLS and for TLS from the first byte. @default no TLS */
  tls?: { cert: string; key: string } | undefined;
  /** How long a session whose connection broke can be resumed. @default 60,000 */
  resumableMs?: number;
}

/** A running embedded server. */
export interface EmbeddedServer extends AsyncDisposable {
  /** One port for TCP, TLS and WebSocket: the first byte of a client tells which it is. */
  readonly port: number;
  readonly domain: string;
}

/**
 * The embedded XMPP server, for use while no target is configured: on loopback only, everything in memory. It
 * makes the first command work; it is not meant to be measured. docs/embedded.md says what it supports.
 *
 * @throws {AmocError} `CONNECTION` when the port cannot be opened
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { port, patterns, tls, resumableMs = 60_000 } = options;
  const domain = prepareJid(options.domain ?? 'localhost');
  const router = new Router(domain, patterns);
  const resumables = new Resumables<ClientSession>(resumableMs);
  const context = tls === undefined ? undefined : createSecureContext(tls);
  const entrance = new Entrance(context, (link) => new ClientStream(link, router, resumables));
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    entrance.take(socket);
  });
  const listening = deferred<undefined>();
  server.once('listening', () => listening.resolve(undefined));
  server.once('error', (error) => listening.reject(error));
  server.listen({ port, host: '127.0.0.1', backlog: 4096 });
  try {
    await listening.promise;
  } catch (error) {
    throw listenError('127.0.0.1', port, error);
  }
  // Out of file descriptors: clients that are connected stay so.
  server.on('error', () => {});
  return {
    port: (server.address() as AddressInfo).port,
    domain,
    async [Symbol.asyncDispose]() {
      const closed = deferred<undefined>();
      server.close(() => closed.resolve(undefined));
      resumables.clear();
      for (const socket of sockets) socket.destroy();
      await closed.promise;
    },
  };
}

/** Finds out the protocol of a client. */
class Entrance {
  readonly #context: SecureContext | undefined;
  readonly #makeOwner: MakeOwner;
  readonly #http = createHttpServer((_request, response) => {
    response.writeHead(426, { upgrade: 'websocket', connection: 'close' });
    response.end('This is an XMPP server: TCP, or WebSocket with the protocol xmpp (RFC 7395).\n');
  });

  constructor(context: SecureContext | undefined, makeOwner: MakeOwner) {
    this.#context = context;
    this.#makeOwner = makeOwner;
    const upgrade = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_STANZA_BYTES,
      perMessageDeflate: false,
      handleProtocols: (protocols) => protocols.has('xmpp') && 'xmpp',
    });
    this.#http.on('upgrade', (request, socket, head) => {
      upgrade.handleUpgrade(request, socket, head, (webSocket) => {
        new WebSocketLink(webSocket, socket instanceof TLSSocket, this.#makeOwner);
      });
    });
  }

  take(socket: Socket): void {
    const context = this.#context;
    whenSpoken(socket, (protocol) => {
      if (protocol === 'http') {
        this.#http.emit('connection', socket);
        socket.resume();
      } else if (protocol === 'xmpp' || context === undefined || socket instanceof TLSSocket) {
        new TcpLink(socket, context, this.#makeOwner);
        socket.resume();
      } else {
        this.take(new TLSSocket(socket, { isServer: true, secureContext: context }));
      }
    });
  }
}
