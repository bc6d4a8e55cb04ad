import type { Stanza } from '../stanza.ts';

/**
 * Tests a stanza. "First tag alone" means: the predicate does not parse the stanza, so it costs next to
 * nothing.
 */
export type Predicate = (stanza: Stanza) => boolean;

/** Matches when all of the predicates match. */
export function and(...predicates: readonly Predicate[]): Predicate {
  return (stanza) => predicates.every((predicate) => predicate(stanza));
}

/** Matches when any of the predicates matches. */
export function or(...predicates: readonly Predicate[]): Predicate {
  return (stanza) => predicates.some((predicate) => predicate(stanza));
}

/** Matches when the predicate does not match. */
export function not(predicate: Predicate): Predicate {
  return (stanza) => !predicate(stanza);
}
