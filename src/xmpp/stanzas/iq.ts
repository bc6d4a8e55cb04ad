import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { stanzaId } from '../ids.ts';
import type { Stanza } from '../stanza.ts';
import { NS } from './namespaces.ts';

/** The type of a stanza error (RFC 6120 §8.3.2). */
export type StanzaErrorType = 'auth' | 'cancel' | 'continue' | 'modify' | 'wait';

/** An IQ request around a payload (RFC 6120 §8.2.3). */
function request(type: 'get' | 'set', payload?: Element, to?: string): Element {
  const attributes = { type, id: stanzaId(), to };
  return payload === undefined ? xml('iq', attributes) : xml('iq', attributes, payload);
}

/** The answer to a received request (RFC 6120 §8.2.3). */
function result(asked: Stanza, payload?: Element): Element {
  const attributes = { type: 'result', ...addressesOf(asked) };
  return payload === undefined ? xml('iq', attributes) : xml('iq', attributes, payload);
}

/** An error that answers a received request (RFC 6120 §8.3). */
function error(asked: Stanza, type: StanzaErrorType, condition: string): Element {
  return xml('iq', { type: 'error', ...addressesOf(asked) }, errorElement(type, condition));
}

/** A component must name the sender of its answers (XEP-0114 §2); a client may. */
function addressesOf(asked: Stanza): Record<string, string | undefined> {
  return { id: asked.id, from: asked.to, to: asked.from };
}

/** IQ requests and answers: `iq('get', payload, to)`, `iq.result(asked)`, `iq.error(asked, …)`. */
export const iq = Object.assign(request, { result, error });

/**
 * The `<error/>` of a stanza (RFC 6120 §8.3.2).
 *
 * @param condition `item-not-found` and the like
 * @param text for a human reader
 */
export function errorElement(type: StanzaErrorType, condition: string, text?: string): Element {
  const words = text === undefined ? [] : [xml('text', { xmlns: NS.stanzas }, text)];
  return xml('error', { type }, xml(condition, { xmlns: NS.stanzas }), ...words);
}

/** A `<query/>` of that namespace. */
export function queryElement(xmlns: string, ...children: Element[]): Element {
  return xml('query', { xmlns }, ...children);
}

/** XMPP ping (XEP-0199 §4). */
export function ping(to?: string): Element {
  return request('get', xml('ping', { xmlns: NS.ping }), to);
}

/** Asks how long ago an entity was last active (XEP-0012 §3). */
export function lastActivity(jid: string): Element {
  return request('get', queryElement(NS.last), jid);
}

/** Establishes a session, which old servers demand after the binding (RFC 3921 §3). */
export function establishSession(): Element {
  return request('set', xml('session', { xmlns: NS.session }));
}

/** Binds a resource (RFC 6120 §7.6); a login does so by itself. */
export function bind(resource?: string): Element {
  const inner = resource === undefined ? [] : [xml('resource', {}, resource)];
  return request('set', xml('bind', { xmlns: NS.bind }, ...inner));
}
