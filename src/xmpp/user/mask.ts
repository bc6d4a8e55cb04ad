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
