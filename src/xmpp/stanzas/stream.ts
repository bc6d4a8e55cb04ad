import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { NS } from './namespaces.ts';

/** The parts of a stream that a login sends by itself, for tests of a server's own negotiation. */

/** A stream's header (RFC 6120 §4.7), as text: it is not closed. */
export function start(
  to: string,
  xmlns: 'jabber:client' | 'jabber:server' = 'jabber:client',
): string {
  const header = xml('stream:stream', { xmlns, 'xmlns:stream': NS.stream, to, version: '1.0' });
  return `<?xml version='1.0'?>${header.toString().replace(/\/>$/, '>')}`;
}

/** A stream's end (RFC 6120 §4.4), as text. */
export function end(): string {
  return '</stream:stream>';
}

/** The header over WebSocket (RFC 7395 §3.4). */
export function open(to: string): Element {
  return xml('open', { xmlns: NS.framing, to, version: '1.0' });
}

/** The end over WebSocket (RFC 7395 §3.6). */
export function close(): Element {
  return xml('close', { xmlns: NS.framing });
}

/** Asks for TLS (RFC 6120 §5.4.2). */
export function startTls(): Element {
  return xml('starttls', { xmlns: NS.tls });
}

/** Asks for compression (XEP-0138 §3). */
export function compress(method = 'zlib'): Element {
  return xml('compress', { xmlns: NS.compress }, xml('method', {}, method));
}

/** Begins a SASL exchange (RFC 6120 §6.4.2). @param message before base64 */
export function auth(mechanism: string, message = ''): Element {
  return xml('auth', { xmlns: NS.sasl, mechanism }, Buffer.from(message).toString('base64'));
}

/** Continues a SASL exchange (RFC 6120 §6.4.3). @param message before base64 */
export function authResponse(message = ''): Element {
  return xml('response', { xmlns: NS.sasl }, Buffer.from(message).toString('base64'));
}
