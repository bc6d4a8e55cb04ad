import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { AddressInfo, Socket } from 'node:net';
import { seededRandom } from '../../src/lib/ids/random.ts';

/** A way between two hosts that takes its time. */
export interface SlowLink extends AsyncDisposable {
  readonly port: number;
  /** Resets every connection that goes over it. */
  reset(): void;
}

/** What a link is like; times in milliseconds, for one direction. */
export interface LinkOptions {
  delayMs: number;
  jitterMs: number;
  /** How often a packet is lost and comes again after `lostMs`, with all that follows it: 0 to 1. */
  loss: number;
  lostMs: number;
  seed: number;
}

/** Passes TCP on to `target` late, as a link across the world with lost packets does. */
export async function startSlowLink(target: number, options: LinkOptions): Promise<SlowLink> {
  const { delayMs, jitterMs, loss, lostMs, seed } = options;
  const random = seededRandom(seed, 1);
  const sockets = new Set<Socket>();
  const pass = (from: Socket, to: Socket): void => {
    // One after the other: what is sent later never arrives before.
    let last = Promise.resolve();
    const later = (deliver: () => void): void => {
      const lost = random.float() < loss ? lostMs : 0;
      const at = performance.now() + delayMs + random.float() * jitterMs + lost;
      last = last.then(() => pause(at - performance.now())).then(deliver);
    };
    from.on('data', (data) => later(() => to.write(data)));
    from.on('end', () => later(() => to.end()));
    from.on('close', () => later(() => to.destroy()));
    from.on('error', () => {});
  };
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.once('close', () => sockets.delete(socket));
    }
    pass(near, far);
    pass(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const reset = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    reset,
    async [Symbol.asyncDispose]() {
      reset();
      server.close();
      await once(server, 'close');
    },
  };
}
