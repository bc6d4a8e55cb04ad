import { request } from 'node:http';
import { deferred } from '../lib/time/async.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { ANSWER_MS } from './messages.ts';

/**
 * Asks a node over its Unix socket.
 *
 * @returns the status and the body, read as JSON
 * @throws {AmocError} `CONNECTION` when no node listens, `TIMEOUT` when it does not answer in time
 */
export async function ask(
  socketPath: string,
  path: string,
  limitMs = ANSWER_MS,
): Promise<{ status: number; body: unknown }> {
  const answered = deferred<{ status: number; body: unknown }>();
  const asking = request({ socketPath, path, timeout: limitMs }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (data: string) => (text += data));
    response.on('end', () => {
      try {
        answered.resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as unknown });
      } catch (error) {
        answered.reject(error);
      }
    });
  });
  asking.on('timeout', () => {
    const error = new AmocError('TIMEOUT', `the node did not answer within ${limitMs / 1000} s`);
    answered.reject(error);
    asking.destroy(error);
  });
  asking.on('error', (error) => {
    answered.reject(
      error instanceof AmocError
        ? error
        : new AmocError('CONNECTION', `${socketPath}: ${messageOf(error)}`, { cause: error }),
    );
  });
  asking.end();
  return await answered.promise;
}
