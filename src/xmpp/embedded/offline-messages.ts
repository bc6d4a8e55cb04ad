import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { NS } from '../stanzas/namespaces.ts';

/** Maximum number of messages that wait for one account; a further one is answered with an error. */
const MAX_OFFLINE = 100;
/** Maximum number of messages that wait for all accounts together. */
const MAX_OFFLINE_TOTAL = 100_000;

/** Messages for accounts that no client is logged in to (XEP-0160), in memory. */
export class OfflineMessages {
  readonly #domain: string;
  readonly #accounts = new Map<string, string[]>();
  #count = 0;

  constructor(domain: string) {
    this.#domain = domain;
  }

  /** Stores a message, with the current time in it (XEP-0203). @returns false when there are too many */
  keep(account: string, message: Element): boolean {
    const waiting = this.#accounts.get(account) ?? [];
    if (waiting.length >= MAX_OFFLINE || this.#count >= MAX_OFFLINE_TOTAL) return false;
    if (message.getChild('delay', NS.delay) === undefined) {
      const stamp = new Date().toISOString();
      message.append(xml('delay', { xmlns: NS.delay, from: this.#domain, stamp }));
    }
    waiting.push(message.toString());
    this.#accounts.set(account, waiting);
    this.#count++;
    return true;
  }

  /** Removes the messages that wait for an account, and returns them. */
  take(account: string): readonly string[] {
    const waiting = this.#accounts.get(account) ?? [];
    this.#accounts.delete(account);
    this.#count -= waiting.length;
    return waiting;
  }
}
