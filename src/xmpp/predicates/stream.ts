import { isStreamErrorStanza } from '../stanza-errors.ts';
import { NS } from '../stanzas/namespaces.ts';
import type { Predicate } from './predicate.ts';

/** A nonza that opens the stream over WebSocket (RFC 7395 §3.4). */
export function isStreamStart(): Predicate {
  return ({ name }) => name === 'open' || name === 'stream:stream';
}

/** A nonza that ends the stream over WebSocket (RFC 7395 §3.6). */
export function isStreamEnd(): Predicate {
  return ({ name }) => name === 'close';
}

/** A stream error (RFC 6120 §4.9.3); with `condition`, only that one. */
export function isStreamError(condition?: string): Predicate {
  return (stanza) =>
    isStreamErrorStanza(stanza) &&
    (condition === undefined || stanza.getChild(condition, NS.streams) !== undefined);
}

/** Compression is on (XEP-0138 §3). */
export function isCompressed(): Predicate {
  return ({ name }) => name === 'compressed';
}
