import type { Watcher } from '../session/session-parts.ts';
import type { Wire, WireOwner } from '../wire/wire.ts';

/** A wire that shows what is written to it. What arrives is shown by its owner, see `LoginOwner`. */
export class TracingWire implements Wire {
  readonly inner: Wire;
  readonly #watcher: () => Watcher | undefined;
  // A wire without one of these cannot do what it is for, and neither can its decorator.
  readonly upgrade?: NonNullable<Wire['upgrade']>;
  readonly channelBinding?: NonNullable<Wire['channelBinding']>;
  readonly peerCertificate?: NonNullable<Wire['peerCertificate']>;
  readonly tlsFacts?: NonNullable<Wire['tlsFacts']>;

  /** @param watcher requested again for each text */
  constructor(inner: Wire, watcher: () => Watcher | undefined) {
    this.inner = inner;
    this.#watcher = watcher;
    if (inner.upgrade) this.upgrade = inner.upgrade.bind(inner);
    if (inner.channelBinding) this.channelBinding = inner.channelBinding.bind(inner);
    if (inner.peerCertificate) this.peerCertificate = inner.peerCertificate.bind(inner);
    if (inner.tlsFacts) this.tlsFacts = inner.tlsFacts.bind(inner);
  }

  get owner(): WireOwner {
    return this.inner.owner;
  }

  set owner(owner: WireOwner) {
    this.inner.owner = owner;
  }

  get isSecure(): boolean {
    return this.inner.isSecure;
  }

  get pending(): number {
    return this.inner.pending;
  }

  write(text: string): void {
    this.#watcher()?.('out', text);
    this.inner.write(text);
  }

  loggedIn(): void {
    this.inner.loggedIn?.();
  }

  restart(): void {
    this.inner.restart();
  }

  end(): void {
    this.inner.end();
  }

  destroy(): void {
    this.inner.destroy();
  }
}

/** The wire below the decorator, if there is one. */
export function untraced(wire: Wire): Wire {
  return wire instanceof TracingWire ? wire.inner : wire;
}
