import { without } from '../../lib/without.ts';
import type { Watcher } from './session-parts.ts';
import { Stanza } from '../stanza.ts';

type Handler = (stanza: Stanza) => unknown;

/** The observers of a session: of everything as text, or of each sent stanza. */
export class Watchers {
  #watchers: readonly Watcher[] | undefined;
  #handlers: readonly Handler[] | undefined;

  /** @returns a function that ends this */
  watch(watcher: Watcher): () => void {
    this.#watchers = [...(this.#watchers ?? []), watcher];
    return () => {
      this.#watchers = without(this.#watchers, watcher);
    };
  }

  /** @returns a function that ends this */
  onSent(handler: Handler): () => void {
    this.#handlers = [...(this.#handlers ?? []), handler];
    return () => {
      this.#handlers = without(this.#handlers, handler);
    };
  }

  show(direction: 'in' | 'out', text: string): void {
    for (const watcher of this.#watchers ?? []) watcher(direction, text);
  }

  /** @throws what a handler throws */
  sent(text: string): void {
    if (this.#handlers === undefined) return;
    const stanza = new Stanza(text);
    for (const handler of this.#handlers) handler(stanza);
  }
}
