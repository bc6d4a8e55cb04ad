import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { deferred } from '../../lib/abort.ts';
import { listenError } from '../../lib/errors.ts';
import type { AccountPatterns } from './accounts.ts';
import { ClientStream } from './client-stream.ts';
import { Resumables } from './resumables.ts';
import { Router } from './router.ts';
import { TcpLink } from './tcp-link.ts';

/** What the embedded server is started with. */
export interface EmbeddedServerOptions {
  /** 0: any free port. */
  port: number;
  /** @default 'localhost' */
  domain?: string;
  patterns: AccountPatterns;
  /** How long a session whose connection broke can be resumed. @default 60,000 */
  resumableMs?: number;
}

/** A running embedded server. */
export interface EmbeddedServer extends AsyncDisposable {
  readonly port: number;
  readonly domain: string;
}

/**
 * The XMPP server that stands in while no target is configured: on loopback only, without TLS,
 * everything in memory. It is there so that the first command works, not to be measured.
 *
 * @throws {AmocError} `CONNECTION` when the port cannot be had.
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { port, domain = 'localhost', patterns, resumableMs = 60_000 } = options;
  const router = new Router(domain, patterns);
  const resumables = new Resumables(resumableMs);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new TcpLink(socket, (link) => new ClientStream(link, router, resumables));
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
  // Out of file descriptors: those that are connected go on.
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
