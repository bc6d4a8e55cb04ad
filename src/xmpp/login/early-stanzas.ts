import { AmocError } from '../../lib/errors.ts';

/**
 * At least this many characters are kept, whatever the limit of one stanza: a resumed session may have missed
 * a lot.
 */
const MIN_BOUND_CHARACTERS = 16 * 1024 * 1024;

/** Stanzas that come between the end of a login and the beginning of its session. */
export class EarlyStanzas {
  readonly all: string[] = [];
  readonly #bound: number;
  #length = 0;

  /** @param stanzaBytes the limit of one stanza */
  constructor(stanzaBytes: number) {
    this.#bound = Math.max(MIN_BOUND_CHARACTERS, 2 * stanzaBytes);
  }

  /** Keeps a stanza. @returns an error when the server has sent too much */
  add(text: string): AmocError | undefined {
    this.#length += text.length;
    if (this.#length <= this.#bound) {
      this.all.push(text);
      return undefined;
    }
    return new AmocError(
      'CONNECTION',
      `the server sent more than ${this.#bound} characters before the session had begun`,
    );
  }
}
