import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { HttpUser } from '../../../src/drivers/http/facet.ts';
import { http } from '../../../src/drivers/http/driver.ts';
import { httpVariables } from '../../../src/drivers/http/settings.ts';
import { loadDrivers } from '../../../src/drivers/load.ts';
import { resolveSettings } from '../../../src/config/resolve.ts';
import { systemClock } from '../../../src/lib/time/clock.ts';
import { TimerWheel } from '../../../src/lib/time/timer-wheel.ts';
import { decodeDelta, MetricsTotals } from '../../../src/metrics/totals.ts';
import type { MetricsSummary } from '../../../src/metrics/totals.ts';
import { MetricsRegistry } from '../../../src/metrics/metrics.ts';
import { makeUser } from '../../../src/users/user-class.ts';
import type { PooledUser } from '../../../src/users/user.ts';

/** A real HTTP server, and what it saw. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly sockets: Set<Socket>;
  /** How many connections it has had. */
  readonly connections: () => number;
}

export async function startServer(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, response, Buffer.concat(chunks).toString()));
  });
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    sockets,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A user of the real pool's class who speaks HTTP. */
export interface Speaker extends AsyncDisposable {
  readonly user: PooledUser & { readonly http: HttpUser };
  readonly warnings: string[];
  figures(): MetricsSummary;
}

/** @param call settings of the run */
export async function speak(call: Record<string, unknown> = {}): Promise<Speaker> {
  const drivers = await loadDrivers([http]);
  const settings = resolveSettings(httpVariables, { call }, '');
  const metrics = new MetricsRegistry();
  const wheel = new TimerWheel(systemClock);
  const warnings: string[] = [];
  const opened = drivers.map(({ open }) =>
    open({
      settings,
      metrics,
      now: wheel.now,
      schedule: (delayMs, callback) => {
        const timer = wheel.schedule(delayMs, callback);
        return () => wheel.cancel(timer);
      },
      onStray: (error) => warnings.push(String(error)),
      warn: (text) => warnings.push(text),
    }),
  );
  const environment = { node: 'test/1', seed: 1, settings, wheel, metrics, drivers, opened };
  const user = makeUser(7, { ...environment, log: () => {} }) as Speaker['user'];
  const totals = new MetricsTotals();
  return {
    user,
    warnings,
    figures: () => {
      totals.addDecoded(decodeDelta(metrics.drain()), 'test/1');
      return totals.summary();
    },
    async [Symbol.asyncDispose]() {
      await user.closeAll();
      for (const each of opened) each[Symbol.dispose]();
      wheel.clear();
    },
  };
}
