import type { Socket } from 'node:net';
import { freeMemory } from '../lib/system/free-memory.ts';
import { MAX_STRANGER_BYTES } from './messages.ts';

/** Maximum number of unproved connections from one address; the processes of a machine come one by one. */
const MAX_OF_ONE_ADDRESS = 256;
/** The maximum for all addresses together. */
const MAX_STRANGERS = 1024;
/** Longer than a handshake that goes wrong takes to say so itself. */
const PROOF_MS = 10_000;

interface Stranger {
  readonly address: string;
  readonly close: () => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Connections from their first packet to their proof. Their number, time and bytes are limited; when there
 * are too many, the oldest one is closed, so that a newcomer that knows the cookie gets in however many idle
 * connections a stranger opens.
 */
export class Strangers {
  /** By address and port of the other side; the oldest first. */
  readonly #all = new Map<string, Stranger>();
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#all.size;
  }

  /** Adds a connection that was just accepted, before TLS. */
  enter(socket: Socket): void {
    const key = keyOf(socket);
    const address = socket.remoteAddress ?? '';
    const close = (): void => void socket.destroy();
    if ((this.#counts.get(address) ?? 0) >= MAX_OF_ONE_ADDRESS) this.dropOldest(address);
    if (this.#all.size >= MAX_STRANGERS) this.dropOldest();
    const timer = setTimeout(close, PROOF_MS);
    timer.unref();
    this.#all.set(key, { address, close, timer });
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
    socket.once('close', () => this.#leave(key));
  }

  /**
   * Counts what an upgraded connection sends until it has proved itself; at the limit it is closed.
   *
   * @param socket the socket that has the connection's bytes in the clear
   * @returns a function that ends the count when the connection has proved itself; idempotent
   */
  watch(socket: Socket): () => void {
    const key = keyOf(socket);
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= MAX_STRANGER_BYTES) return;
      socket.destroy();
      // Node.js reads 64 KiB at once; for hundreds of connections that adds up before they are closed.
      freeMemory(chunk);
    };
    socket.on('data', count);
    return () => {
      socket.off('data', count);
      this.#leave(key);
    };
  }

  /** Closes the oldest connection that has not proved itself; with an address, the oldest from there. */
  dropOldest(address?: string): void {
    for (const [key, stranger] of this.#all) {
      if (address !== undefined && stranger.address !== address) continue;
      this.#leave(key);
      stranger.close();
      return;
    }
  }

  #leave(key: string): void {
    const stranger = this.#all.get(key);
    if (stranger === undefined) return;
    this.#all.delete(key);
    clearTimeout(stranger.timer);
    const left = (this.#counts.get(stranger.address) ?? 1) - 1;
    if (left > 0) this.#counts.set(stranger.address, left);
    else this.#counts.delete(stranger.address);
  }
}

/** Equal for a connection and for the TLS socket on it. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`;
}
