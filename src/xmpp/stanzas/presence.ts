import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { NS } from './namespaces.ts';

/** The type of a presence (RFC 6121 §4.7.1); an available presence has none. */
export type PresenceType =
  'unavailable' | 'subscribe' | 'subscribed' | 'unsubscribe' | 'unsubscribed' | 'probe';

/** Parts of a presence; those that are left out are not sent. */
export interface PresenceOptions {
  type?: PresenceType;
  to?: string;
  /** RFC 6121 §4.7.2.1 */
  show?: 'away' | 'chat' | 'dnd' | 'xa';
  status?: string;
  /** -128 to 127 (RFC 6121 §4.7.2.3). */
  priority?: number;
  /** Further children: `presence.caps(…)`. */
  extensions?: readonly Element[];
}

/** Presence (RFC 6121 §4); available when no type is given. */
function make(what: PresenceType | PresenceOptions = {}, to?: string): Element {
  const options = typeof what === 'string' ? { type: what } : what;
  const { type, show, status, priority, extensions = [] } = options;
  const children: Element[] = [];
  if (show !== undefined) children.push(xml('show', {}, show));
  if (status !== undefined) children.push(xml('status', {}, status));
  if (priority !== undefined) children.push(xml('priority', {}, String(priority)));
  return xml('presence', { type, to: to ?? options.to }, ...children, ...extensions);
}

/** Presence to one entity (RFC 6121 §4.6). */
function direct(to: string, options: PresenceOptions = {}): Element {
  return make({ ...options, to });
}

/** Asks to see a contact's presence (RFC 6121 §3.1). */
function subscribe(to: string): Element {
  return make('subscribe', to);
}

/** Allows a contact to see the own presence (RFC 6121 §3.1). */
function subscribed(to: string): Element {
  return make('subscribed', to);
}

/** Asks to see a contact's presence no more (RFC 6121 §3.3). */
function unsubscribe(to: string): Element {
  return make('unsubscribe', to);
}

/** Allows a contact to see the own presence no more (RFC 6121 §3.2). */
function unsubscribed(to: string): Element {
  return make('unsubscribed', to);
}

/** The client's capabilities, as a hash (XEP-0115 §4). @param ver the hash, base64 of SHA-1 */
function caps(node: string, ver: string): Element {
  return xml('c', { xmlns: NS.caps, hash: 'sha-1', node, ver });
}

/** Presences: `presence()`, `presence('unavailable')`, `presence({ show: 'away' })`, `presence.direct(…)`. */
export const presence = Object.assign(make, {
  direct,
  subscribe,
  subscribed,
  unsubscribe,
  unsubscribed,
  caps,
});
