import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deferred } from './abort.ts';
import { listenError } from './errors.ts';

/** An HTTP server that listens; closing it cuts its connections. */
export interface HttpListener extends AsyncDisposable {
  readonly port: number;
}

/**
 * Lets a server listen.
 *
 * @param port 0 for any free one
 * @throws {AmocError} `CONNECTION` when the address cannot be had
 */
export async function listenHttp(
  server: Server,
  host: string,
  port: number,
): Promise<HttpListener> {
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
