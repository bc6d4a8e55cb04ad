import type { Element } from '../element.ts';
import type { Address } from './address.ts';
import { stanzaError } from './answers.ts';
import type { OfflineMessages } from './offline-messages.ts';
import type { Sessions } from './sessions.ts';

/** Delivers messages to the server's accounts (RFC 6121 §8.5). */
export class Messages {
  readonly #sessions: Sessions;
  readonly #offline: OfflineMessages;
  readonly #exists: (account: string) => boolean;

  /** @param exists whether an account with that bare JID exists */
  constructor(sessions: Sessions, offline: OfflineMessages, exists: (account: string) => boolean) {
    this.#sessions = sessions;
    this.#offline = offline;
    this.#exists = exists;
  }

  /** @returns the error for the sender, if there is one */
  deliver(message: Element, { full, bare, resource }: Address): Element | undefined {
    const exact = resource === '' ? undefined : this.#sessions.get(full);
    if (exact !== undefined) {
      exact.outlet.send(message.toString());
      return undefined;
    }
    switch (message.attrs['type'] as string | undefined) {
      case 'error':
        return undefined;
      case 'groupchat':
        return stanzaError(message, 'cancel', 'service-unavailable');
      case 'headline':
        return this.#announce(message, bare);
      default:
        return this.#chat(message, bare);
    }
  }

  /** Sends a message to the clients of the highest priority, or stores it for later. */
  #chat(message: Element, account: string): Element | undefined {
    const preferred = this.#sessions.preferred(account);
    if (preferred.length > 0) {
      const text = message.toString();
      for (const { outlet } of preferred) outlet.send(text);
      return undefined;
    }
    const isKept = this.#exists(account) && this.#offline.keep(account, message);
    return isKept ? undefined : stanzaError(message, 'cancel', 'service-unavailable');
  }

  /** Sends a message to all clients that want messages; it is never stored. */
  #announce(message: Element, account: string): Element | undefined {
    if (!this.#exists(account)) return stanzaError(message, 'cancel', 'service-unavailable');
    const text = message.toString();
    for (const { outlet, priority } of this.#sessions.available(account)) {
      if (priority >= 0) outlet.send(text);
    }
    return undefined;
  }
}
