import { stampedId, stanzaId, xml } from './stanza.ts';
import type { Element } from './stanza.ts';

/** A chat message (RFC 6121 §5). Its id carries the time, for the time to delivery. */
export function chatTo(to: string, body: string): Element {
  return xml('message', { to, type: 'chat', id: stampedId() }, xml('body', {}, body));
}

/** A message to a room (XEP-0045 §7.4). */
export function groupchatTo(room: string, body: string): Element {
  return xml('message', { to: room, type: 'groupchat', id: stampedId() }, xml('body', {}, body));
}

/** Presence (RFC 6121 §4); available when `type` is left out. */
export function presence(type?: 'unavailable', to?: string): Element {
  return xml('presence', { type, to });
}

/** An IQ request (RFC 6120 §8.2.3) around a payload. */
export function iq(type: 'get' | 'set', payload: Element, to?: string): Element {
  return xml('iq', { type, id: stanzaId(), to }, payload);
}

/** Asks for the roster (RFC 6121 §2.1.3). */
export function rosterGet(): Element {
  return iq('get', xml('query', { xmlns: 'jabber:iq:roster' }));
}

/** XMPP ping (XEP-0199 §4). */
export function ping(to?: string): Element {
  return iq('get', xml('ping', { xmlns: 'urn:xmpp:ping' }), to);
}

/** Asks what an entity is and can do (XEP-0030 §3). */
export function discoInfo(to: string): Element {
  return iq('get', xml('query', { xmlns: 'http://jabber.org/protocol/disco#info' }), to);
}

/** Registers an account in-band (XEP-0077 §3.1). */
export function registerAccount(username: string, password: string): Element {
  return iq(
    'set',
    xml(
      'query',
      { xmlns: 'jabber:iq:register' },
      xml('username', {}, username),
      xml('password', {}, password),
    ),
  );
}

/** Cancels the account that is logged in (XEP-0077 §3.2). */
export function removeAccount(): Element {
  return iq('set', xml('query', { xmlns: 'jabber:iq:register' }, xml('remove')));
}
