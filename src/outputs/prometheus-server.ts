import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../lib/errors.ts';
import { listenHttp } from '../lib/http-listener.ts';
import type { HttpListener } from '../lib/http-listener.ts';
import { Families } from './prometheus.ts';
import type { PrometheusSource } from './prometheus.ts';

/**
 * Serves `/metrics` of the sources to Prometheus; nothing else, and only to be read.
 *
 * @throws {AmocError} `CONNECTION` when the port cannot be had
 */
export async function servePrometheus(
  host: string,
  port: number,
  sources: readonly PrometheusSource[],
): Promise<HttpListener> {
  const server = createServer((request, response) => {
    answer(request, response, sources).catch((error: unknown) => {
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
  const text = await families.registry.metrics();
  response.writeHead(200, { 'content-type': families.registry.contentType }).end(text);
}
