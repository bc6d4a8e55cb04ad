import type { Element } from './stanza.ts';

/** Judges a stanza. */
export type Predicate = (stanza: Element) => boolean;

/** A message of type chat; with `body`, only of that text. */
export function isChatMessage(body?: string): Predicate {
  return (stanza) =>
    stanza.name === 'message' &&
    stanza.attrs['type'] === 'chat' &&
    (body === undefined || stanza.getChildText('body') === body);
}

/** Any presence; with `type`, only of that type (`available` for the one without). */
export function isPresence(type?: string): Predicate {
  return (stanza) =>
    stanza.name === 'presence' &&
    (type === undefined || (stanza.attrs['type'] ?? 'available') === type);
}

/** An IQ; with `type`, only of that type. */
export function isIq(type?: 'get' | 'set' | 'result' | 'error'): Predicate {
  return (stanza) => stanza.name === 'iq' && (type === undefined || stanza.attrs['type'] === type);
}

/** Whether it comes from `jid`; a bare JID matches all its resources. */
export function isFrom(jid: string): Predicate {
  return (stanza) => {
    const from = String(stanza.attrs['from'] ?? '');
    return from === jid || (!jid.includes('/') && from.startsWith(`${jid}/`));
  };
}

/** All of them. */
export function and(...predicates: readonly Predicate[]): Predicate {
  return (stanza) => predicates.every((predicate) => predicate(stanza));
}

/** Any of them. */
export function or(...predicates: readonly Predicate[]): Predicate {
  return (stanza) => predicates.some((predicate) => predicate(stanza));
}

/** The opposite. */
export function not(predicate: Predicate): Predicate {
  return (stanza) => !predicate(stanza);
}
