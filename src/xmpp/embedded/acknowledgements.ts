import { countedSince, countOn } from '../session/stream-management.ts';

/** Maximum number of stanzas that a client has not acknowledged; one more ends its session. */
const MAX_UNACKED = 5000;
/** Maximum number of characters of these stanzas. */
const MAX_UNACKED_CHARACTERS = 4 * 1024 * 1024;

/** What one session counts for XEP-0198, and the stanzas that the client may not have received. */
export class Acknowledgements {
  /** Number of the client's stanzas that were handled. */
  received = 0;
  /** Whether the client was asked for an acknowledgement, and has not answered. */
  isAsking = false;
  #acked = 0;
  #unacked: string[] = [];
  #length = 0;

  get unacked(): readonly string[] {
    return this.#unacked;
  }

  get sent(): number {
    return countOn(this.#acked, this.#unacked.length);
  }

  countReceived(): void {
    this.received = countOn(this.received);
  }

  /** Keeps a stanza. @returns false when too many are kept */
  keep(text: string): boolean {
    this.#unacked.push(text);
    this.#length += text.length;
    return this.#unacked.length <= MAX_UNACKED && this.#length <= MAX_UNACKED_CHARACTERS;
  }

  /** The client has received `count` stanzas. @returns false when it says more than were sent */
  acknowledge(count: number): boolean {
    const more = countedSince(count, this.#acked);
    if (!(more <= this.#unacked.length)) return false;
    for (const text of this.#unacked.splice(0, more)) this.#length -= text.length;
    this.#acked = count;
    this.isAsking = false;
    return true;
  }
}
