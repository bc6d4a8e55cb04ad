import type { Watcher } from './session-parts.ts';
import { Stanza } from './stanza.ts';

type Handler = (stanza: Stanza) => unknown;

/** Who sees what goes over a session: as text, or each stanza that is sent. */
export class Watchers {
  #watchers: readonly Watcher[] = [];
  #handlers: readonly Handler[] = [];

  /** @returns ends it */
  watch(watcher: Watcher): () => void {
    this.#watchers = [...this.#watchers, watcher];
    return () => {
      this.#watchers = this.#watchers.filter((each) => each !== watcher);
    };
  }

  /** @returns ends it */
  onSent(handler: Handler): () => void {
    this.#handlers = [...this.#handlers, handler];
    return () => {
      this.#handlers = this.#handlers.filter((each) => each !== handler);
    };
  }

  show(direction: 'in' | 'out', text: string): void {
    for (const watcher of this.#watchers) watcher(direction, text);
  }

  /** @throws what a handler throws */
  sent(text: string): void {
    if (this.#handlers.length === 0) return;
    const stanza = new Stanza(text);
    for (const handler of this.#handlers) handler(stanza);
  }
}
