import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deferred } from '../lib/abort.ts';
import { listenError } from '../lib/errors.ts';
import { answering } from './answers.ts';
import type { Answer } from './answers.ts';

/** A listening health port. */
export interface HealthListener extends AsyncDisposable {
  readonly port: number;
}

/**
 * Answers over TCP, for those who watch a container.
 *
 * @param answers by method and path, as in `GET /health`
 * @throws {AmocError} `CONNECTION` when the address cannot be had
 */
export async function listenForHealth(
  host: string,
  port: number,
  answers: Readonly<Record<string, Answer>>,
): Promise<HealthListener> {
  const http = createServer(answering(answers));
  const listening = deferred<undefined>();
  http.once('listening', () => listening.resolve(undefined));
  http.once('error', (error) => listening.reject(listenError(host, port, error)));
  http.listen(port, host);
  await listening.promise;
  return {
    port: (http.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = deferred<undefined>();
      http.close(() => closed.resolve(undefined));
      http.closeAllConnections();
      await closed.promise;
    },
  };
}
