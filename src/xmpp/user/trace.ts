import type { Watcher } from '../session/session-parts.ts';

/** Longer stanzas are cut in a trace. */
const MOST_SHOWN = 4000;

/**
 * Elements whose text is a secret: SASL payloads (RFC 6120 §6.4, XEP-0388), passwords (XEP-0077), proofs
 * (XEP-0114).
 */
const secretElements =
  /(<(?:[\w-]+:)?(auth|response|challenge|success|password|initial-response|additional-data|handshake|access_token|refresh_token)\b[^>]*>)[^<]+(<)/g;
/** Attributes that are secrets: tokens (XEP-0484). */
const secretAttributes = /(\s(?:token|password)=)(?:"[^"]*"|'[^']*')/g;

/** A stanza without its secrets. */
export function maskSecrets(text: string): string {
  return text.replace(secretElements, '$1***$3').replace(secretAttributes, '$1"***"');
}

/** A watcher that gives each stanza to `tell` as a line, without secrets. */
export function tracer(tell: (line: string, direction: 'in' | 'out') => void): Watcher {
  return (direction, text) => {
    const masked = maskSecrets(text);
    const cut =
      masked.length > MOST_SHOWN ? `${masked.slice(0, MOST_SHOWN)}… (${text.length})` : masked;
    tell(`${direction === 'out' ? 'sent' : 'got '} ${cut}`, direction);
  };
}
