import { AmocError } from '../../lib/errors.ts';
import type { Watcher } from '../session/session-parts.ts';
import type { WireOwner } from '../wire/wire.ts';
import { EarlyStanzas } from './early-stanzas.ts';

/**
 * Maximum number of characters that a server may send in a login, in all its steps together. Each element of
 * a login becomes a tree and goes through the library: a server that sends features without end would take
 * the time of all users.
 */
const MAX_LOGIN_CHARACTERS = 128 * 1024;

/** What the owner of a login's wire is made of. */
export interface LoginOwnerDeps {
  /** Gets the elements of the login, and everything else that the wire reports. */
  library: WireOwner;
  /** Called when the server sends too much. */
  fail: (error: AmocError) => void;
  /** Sees each element; requested again for each of them. */
  watcher?: (() => Watcher | undefined) | undefined;
}

/** The owner of a wire during a login: elements go to the library until the login ends, then they are kept. */
export class LoginOwner implements WireOwner {
  /** Set when the last element of the login has come. */
  isOver = false;
  /** What came after it. */
  readonly early: EarlyStanzas;
  readonly #deps: LoginOwnerDeps;
  #length = 0;

  /** @param stanzaBytes the limit of one stanza */
  constructor(stanzaBytes: number, deps: LoginOwnerDeps) {
    this.early = new EarlyStanzas(stanzaBytes);
    this.#deps = deps;
  }

  connected(): void {
    this.#deps.library.connected();
  }

  opened(tag: string): void {
    this.#deps.library.opened(tag);
  }

  stanza(text: string): void {
    const { library, fail, watcher } = this.#deps;
    watcher?.()?.('in', text);
    const error = this.isOver ? this.early.add(text) : this.#count(text);
    if (error !== undefined) fail(error);
    else if (!this.isOver) library.stanza(text);
  }

  ended(): void {
    this.#deps.library.ended();
  }

  malformed(error: AmocError): void {
    this.#deps.library.malformed(error);
  }

  drained(): void {
    this.#deps.library.drained();
  }

  failed(error: Error): void {
    this.#deps.library.failed(error);
  }

  closed(): void {
    this.#deps.library.closed();
  }

  /** @returns an error when the server sends more than a login needs */
  #count(text: string): AmocError | undefined {
    this.#length += text.length;
    if (this.#length <= MAX_LOGIN_CHARACTERS) return undefined;
    return new AmocError(
      'CONNECTION',
      `the server sent more than ${MAX_LOGIN_CHARACTERS} characters during the login`,
    );
  }
}
