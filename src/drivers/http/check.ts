import { messageOf } from '../../lib/errors.ts';
import { formatMs } from '../../lib/time/duration.ts';
import type { Finding } from '../finding.ts';
import { HttpClient } from './client.ts';
import { describe, makeMessage } from './message.ts';
import type { HttpSettings } from './settings.ts';
import { placeOf } from './url.ts';

/** How long a check may take. */
const MAX_CHECK_MS = 5000;

/** `amoc doctor`: requests `httpBase`, with the code and the settings of a run. */
export async function checkServer(settings: HttpSettings): Promise<Finding[]> {
  const { httpBase, httpBodyBytes, httpTimeout } = settings;
  if (httpBase === '') return [];
  const message = makeMessage('GET', new URL(httpBase), {});
  const where = `http: ${placeOf(message.url)}`;
  const abort = new AbortController();
  const timeoutMs = Math.min(httpTimeout, MAX_CHECK_MS);
  let client: HttpClient | undefined;
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  try {
    client = await HttpClient.load(settings);
    const began = performance.now();
    const limits = { bodyBytes: httpBodyBytes, signal: abort.signal };
    const { status } = await client.exchange(message, describe(message), limits);
    const text = `${where}: answers ${status} after ${formatMs(performance.now() - began)}`;
    return [
      status < 500
        ? { ok: true, text }
        : { ok: false, text, remedy: 'the server reports an error of its own: see its log' },
    ];
  } catch (error) {
    const why = abort.signal.aborted ? `no answer within ${formatMs(timeoutMs)}` : messageOf(error);
    const remedy = 'is the server running there, and is httpBase (AMOC_HTTP_BASE) right?';
    return [{ ok: false, text: `${where}: ${why}`, remedy }];
  } finally {
    clearTimeout(timer);
    client?.close();
  }
}
