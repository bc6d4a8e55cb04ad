import { countedSince, countOn } from '../stream-management.ts';

/** Stanzas that a client has not acknowledged; with one more its session ends. */
const MOST_UNACKED = 5000;
/** Characters of those. */
const MOST_UNACKED_LENGTH = 4 * 1024 * 1024;

/** What one session counts for XEP-0198, and what the client may not have got. */
export class Acknowledgements {
  /** Stanzas of the client's that were handled. */
  received = 0;
  /** Whether the client was asked, and has not answered. */
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

  /** Keeps a stanza. @returns false when there are too many */
  keep(text: string): boolean {
    this.#unacked.push(text);
    this.#length += text.length;
    return this.#unacked.length <= MOST_UNACKED && this.#length <= MOST_UNACKED_LENGTH;
  }

  /** The client has got so many. @returns false when it says more than were sent */
  acknowledge(count: number): boolean {
    const more = countedSince(count, this.#acked);
    if (!(more <= this.#unacked.length)) return false;
    for (const text of this.#unacked.splice(0, more)) this.#length -= text.length;
    this.#acked = count;
    this.isAsking = false;
    return true;
  }
}
