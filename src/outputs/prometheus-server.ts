import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../lib/errors.ts';
import { listenHttp } from '../lib/system/http-listener.ts';
import type { HttpListener } from '../lib/system/http-listener.ts';
import { Families } from './prometheus.ts';
import type { LeftOut, PrometheusSource } from './prometheus.ts';

/** At most this many series that are left out are named. */
const MAX_NAMED = 100;

/**
 * Serves `/metrics` of the sources to Prometheus, and nothing else; it can only be read.
 *
 * @param warn called once for each series that cannot be shown: says which, and why
 * @throws {AmocError} `CONNECTION` when the port cannot be opened
 */
export async function servePrometheus(
  host: string,
  port: number,
  sources: readonly PrometheusSource[],
  warn: (text: string) => void = () => {},
): Promise<HttpListener> {
  const tell = tellOnce(warn);
  const server = createServer((request, response) => {
    answer(request, response, sources, tell).catch((error: unknown) => {
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`${messageOf(error)}\n`);
    });
  });
  server.maxConnections = 100;
  const listener = await listenHttp(server, host, port);
  server.unref();
  return listener;
}

async function answer(
  { method, url }: IncomingMessage,
  response: ServerResponse,
  sources: readonly PrometheusSource[],
  tell: (leftOut: readonly LeftOut[]) => void,
): Promise<void> {
  const path = url?.split('?', 1)[0];
  if (path !== '/metrics') {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('see /metrics\n');
    return;
  }
  if (method !== 'GET' && method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const families = new Families();
  for (const source of sources) source.addTo(families);
  tell(families.leftOut);
  const text = await families.registry.metrics();
  response.writeHead(200, { 'content-type': families.registry.contentType }).end(text);
}

/** Reports each series that is left out only once: Prometheus asks every few seconds. */
function tellOnce(warn: (text: string) => void): (leftOut: readonly LeftOut[]) => void {
  const named = new Set<string>();
  return (leftOut) => {
    for (const { series, why } of leftOut) {
      if (named.has(series) || named.size > MAX_NAMED) continue;
      named.add(series);
      warn(
        named.size > MAX_NAMED
          ? 'Prometheus: more series are left out of /metrics; they are not named'
          : `Prometheus: ${series} is left out of /metrics: ${why}`,
      );
    }
  };
}
