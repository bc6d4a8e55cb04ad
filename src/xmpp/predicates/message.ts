import { bodyFits } from './children.ts';
import { and } from './predicate.ts';
import type { Predicate } from './predicate.ts';
import { isFrom, isTo } from './stanza.ts';

/** Any message; first tag alone. */
export function isMessage(): Predicate {
  return ({ name }) => name === 'message';
}

/** A message of type chat; with `body`, only one with that text (without it, first tag alone). */
export function isChatMessage(body?: string): Predicate {
  return messageOf('chat', body);
}

/** A message of type groupchat; with `body`, only one with that text (without it, first tag alone). */
export function isGroupchatMessage(body?: string): Predicate {
  return messageOf('groupchat', body);
}

/** A message of type headline; with `body`, only one with that text (without it, first tag alone). */
export function isHeadlineMessage(body?: string): Predicate {
  return messageOf('headline', body);
}

/** A chat message between two JIDs. */
export function isChatMessageFromTo(from: string, to: string, body?: string): Predicate {
  return and(isChatMessage(body), isFrom(from), isTo(to));
}

function messageOf(type: string, body: string | undefined): Predicate {
  return (stanza) => stanza.name === 'message' && stanza.type === type && bodyFits(stanza, body);
}
