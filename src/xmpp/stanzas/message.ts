import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { stampedId } from '../ids.ts';
import { NS } from './namespaces.ts';

/** The type of a message (RFC 6121 §5.2.2). */
export type MessageType = 'chat' | 'groupchat' | 'headline' | 'normal' | 'error';

/** Parts of a message; those that are left out are not sent. */
export interface MessageOptions {
  type?: MessageType;
  /** @default one that carries the time, for the time to delivery */
  id?: string;
  /**
   * When it should have been sent, by the clock of `performance.now()`, as `user.every()` gives it: the time
   * to delivery counts from then, so that a late sender does not hide the delay.
   */
  since?: number;
  from?: string;
  body?: string;
  subject?: string;
  /** Name of the conversation that the message belongs to (RFC 6121 §5.2.5). */
  thread?: string;
  /** Further children: `receipts.request()`, `markers.markable()`, a hint. */
  extensions?: readonly Element[];
}

/** A message (RFC 6121 §5). */
export function send(to: string | undefined, options: MessageOptions = {}): Element {
  const {
    type,
    since,
    id = stampedId(since),
    from,
    body,
    subject,
    thread,
    extensions = [],
  } = options;
  const children = [...extensions];
  if (thread !== undefined) children.unshift(xml('thread', {}, thread));
  if (body !== undefined) children.unshift(xml('body', {}, body));
  if (subject !== undefined) children.unshift(xml('subject', {}, subject));
  return xml('message', { to, type, id, from }, ...children);
}

/** A chat message (RFC 6121 §5). Its id carries the time, for the time to delivery. */
export function chat(to: string, body: string, options: MessageOptions = {}): Element {
  return send(to, { type: 'chat', body, ...options });
}

/** A message to a room (XEP-0045 §7.4). */
export function groupchat(room: string, body: string, options: MessageOptions = {}): Element {
  return send(room, { type: 'groupchat', body, ...options });
}

/** A headline (RFC 6121 §5.2.2): not stored for users that are offline. */
export function headline(to: string, body: string, subject?: string): Element {
  return send(to, { type: 'headline', body, ...(subject === undefined ? {} : { subject }) });
}

/** A chat message of which the other resources get no copy (XEP-0280 §6.1). */
export function chatWithoutCarbons(to: string, body: string): Element {
  return chat(to, body, {
    extensions: [xml('private', { xmlns: NS.carbons }), xml('no-copy', { xmlns: NS.hints })],
  });
}

/** A chat message with a stamp that can be read without the sender's clock (XEP-0203). */
export function chatWithTimestamp(to: string, body: string, at = new Date()): Element {
  const stamp = xml('delay', { xmlns: NS.delay, stamp: at.toISOString() });
  return chat(to, body, { extensions: [stamp] });
}

/** Says how a server should handle a message (XEP-0334 §4). */
export function hint(name: 'no-store' | 'no-permanent-store' | 'no-copy' | 'store'): Element {
  return xml(name, { xmlns: NS.hints });
}

/** Whether the sender is typing, or has stopped (XEP-0085 §2). */
export function chatState(
  to: string,
  state: 'active' | 'composing' | 'paused' | 'inactive' | 'gone',
): Element {
  const child = xml(state, { xmlns: 'http://jabber.org/protocol/chatstates' });
  return send(to, { type: 'chat', extensions: [child] });
}
