import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { submit } from './forms.ts';
import type { FormValues } from './forms.ts';
import { iq, queryElement } from './iq.ts';
import { send } from './message.ts';
import { NS } from './namespaces.ts';

/** Long-lived standing in a room (XEP-0045 §5.2). */
export type Affiliation = 'owner' | 'admin' | 'member' | 'outcast' | 'none';
/** Standing while in the room (XEP-0045 §5.1). */
export type Role = 'moderator' | 'participant' | 'visitor' | 'none';

/** How to enter a room. */
export interface JoinOptions {
  password?: string;
  /** Number of earlier messages to ask for (XEP-0045 §7.2.14). @default the server's choice */
  history?: number;
}

/** Enters a room (XEP-0045 §7.2); `joinRoom` waits until the entry is complete. */
export function join(room: string, nick: string, options: JoinOptions = {}): Element {
  const { password, history } = options;
  const inner: Element[] = [];
  if (password !== undefined) inner.push(xml('password', {}, password));
  if (history !== undefined) inner.push(xml('history', { maxstanzas: String(history) }));
  return xml('presence', { to: `${room}/${nick}` }, xml('x', { xmlns: NS.muc }, ...inner));
}

/** Leaves a room (XEP-0045 §7.14). */
export function leave(room: string, nick: string): Element {
  return xml('presence', { to: `${room}/${nick}`, type: 'unavailable' });
}

/** Changes the subject (XEP-0045 §8.1). */
export function subject(room: string, text: string): Element {
  return send(room, { type: 'groupchat', subject: text });
}

/** A private message to an occupant (XEP-0045 §7.5). */
export function whisper(room: string, nick: string, body: string): Element {
  const mark = xml('x', { xmlns: NS.mucUser });
  return send(`${room}/${nick}`, { type: 'chat', body, extensions: [mark] });
}

/** Invites a JID through the room (XEP-0045 §7.8.2). */
export function invite(room: string, jid: string, reason?: string): Element {
  const inner = reason === undefined ? [] : [xml('reason', {}, reason)];
  const invitation = xml('x', { xmlns: NS.mucUser }, xml('invite', { to: jid }, ...inner));
  return send(room, { extensions: [invitation] });
}

/** Asks for the configuration of a room (XEP-0045 §10.2). */
export function configuration(room: string): Element {
  return iq('get', queryElement(NS.mucOwner), room);
}

/** Configures a room (XEP-0045 §10.2); without values, with the server's defaults (§10.1.2). */
export function configure(room: string, values: FormValues = {}): Element {
  const form = submit(values, 'http://jabber.org/protocol/muc#roomconfig');
  return iq('set', queryElement(NS.mucOwner, form), room);
}

/** Destroys a room (XEP-0045 §10.9). */
export function destroy(room: string, reason?: string): Element {
  const inner = reason === undefined ? [] : [xml('reason', {}, reason)];
  return iq('set', queryElement(NS.mucOwner, xml('destroy', {}, ...inner)), room);
}

/** Changes the affiliation of a JID (XEP-0045 §9.3, §10.3). */
export function setAffiliation(room: string, jid: string, affiliation: Affiliation): Element {
  return iq('set', queryElement(NS.mucAdmin, xml('item', { jid, affiliation })), room);
}

/** Changes the role of an occupant (XEP-0045 §8.2, §9.6). */
export function setRole(room: string, nick: string, role: Role): Element {
  return iq('set', queryElement(NS.mucAdmin, xml('item', { nick, role })), room);
}

/** Asks which JIDs have an affiliation (XEP-0045 §9.5). */
export function affiliations(room: string, affiliation: Affiliation): Element {
  return iq('get', queryElement(NS.mucAdmin, xml('item', { affiliation })), room);
}
