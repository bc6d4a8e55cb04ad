import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { deferred } from '../time/async.ts';
import { listenError } from '../errors.ts';

/** The most connections at once; for one more the oldest is closed, so that a newcomer is always answered. */
const MAX_CONNECTIONS = 128;
/** A request that takes longer to arrive is given up. */
const REQUEST_MS = 10_000;

/** An HTTP server that listens; closing it cuts its connections. */
export interface HttpListener extends AsyncDisposable {
  readonly port: number;
}

/**
 * Lets a server listen.
 *
 * @param port 0 for any free port
 * @throws {AmocError} `CONNECTION` when the address cannot be listened on
 */
export async function listenHttp(
  server: Server,
  host: string,
  port: number,
): Promise<HttpListener> {
  const open = new Set<Socket>();
  server.headersTimeout = REQUEST_MS;
  server.requestTimeout = REQUEST_MS;
  server.on('connection', (socket: Socket) => {
    const [oldest] = open;
    if (oldest !== undefined && open.size >= MAX_CONNECTIONS) oldest.destroy();
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  const listening = deferred<undefined>();
  server.once('error', (error) => listening.reject(listenError(host, port, error)));
  server.listen(port, host, () => listening.resolve(undefined));
  await listening.promise;
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = deferred<undefined>();
      server.close(() => closed.resolve(undefined));
      server.closeAllConnections();
      await closed.promise;
    },
  };
}
