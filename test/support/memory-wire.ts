import { ignoringOwner } from '../../src/xmpp/wire/wire.ts';
import type { Wire, WireOwner } from '../../src/xmpp/wire/wire.ts';

/** A wire without a network: what is written is kept, what arrives is given by the test. */
export class MemoryWire implements Wire {
  owner: WireOwner = ignoringOwner;
  readonly isSecure: boolean = false;
  readonly written: string[] = [];
  /** Set by a test to fill the send buffer. */
  pending = 0;
  isDestroyed = false;

  write(text: string): void {
    this.written.push(text);
  }

  restart(): void {}

  end(): void {}

  destroy(): void {
    this.isDestroyed = true;
  }
}
