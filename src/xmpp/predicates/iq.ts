import { NS } from '../stanzas/namespaces.ts';
import type { Predicate } from './predicate.ts';

/**
 * An IQ; with `type`, only of that type (first tag alone); with `xmlns`, only with a payload of that
 * namespace.
 */
export function isIq(type?: 'get' | 'set' | 'result' | 'error', xmlns?: string): Predicate {
  return (stanza) =>
    stanza.name === 'iq' &&
    (type === undefined || stanza.type === type) &&
    (xmlns === undefined || stanza.payload?.getNS() === xmlns);
}

/** The result or the error that answers the IQ with that id; first tag alone. */
export function isAnswerTo(id: string): Predicate {
  return (stanza) =>
    stanza.name === 'iq' &&
    stanza.id === id &&
    (stanza.type === 'result' || stanza.type === 'error');
}

/** The result of the IQ with that id; first tag alone. */
export function isResultOf(id: string): Predicate {
  return (stanza) => stanza.name === 'iq' && stanza.id === id && stanza.type === 'result';
}

/** The error that answers the IQ with that id; first tag alone. */
export function isErrorOf(id: string): Predicate {
  return (stanza) => stanza.name === 'iq' && stanza.id === id && stanza.type === 'error';
}

/** An IQ of type result, whatever its payload. */
export function isResult(): Predicate {
  return isIq('result');
}

/** The answer to `lastActivity` (XEP-0012 §3). */
export function isLastActivityResult(): Predicate {
  return isIq('result', NS.last);
}

/** The answer to a request to bind a resource (RFC 6120 §7.6). */
export function isBindResult(): Predicate {
  return isIq('result', NS.bind);
}
