import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { stanzaId } from '../ids.ts';
import { submit } from './forms.ts';
import { iq, queryElement } from './iq.ts';
import { NS } from './namespaces.ts';
import { pageElement } from './rsm.ts';
import type { Page } from './rsm.ts';

/** Which conversations of MongooseIM's inbox to ask for. */
export interface InboxQuery extends Page {
  start?: Date;
  end?: Date;
  order?: 'asc' | 'desc';
  /** Only those with unread messages. */
  unreadOnly?: boolean;
  archived?: boolean;
}

/** Asks for conversations (MongooseIM, erlang-solutions.com:xmpp:inbox:0). */
export function get(options: InboxQuery = {}): Element {
  const { start, end, order, unreadOnly, archived } = options;
  const values: Record<string, string | boolean> = {};
  if (start !== undefined) values['start'] = start.toISOString();
  if (end !== undefined) values['end'] = end.toISOString();
  if (order !== undefined) values['order'] = order;
  if (unreadOnly !== undefined) values['hidden_read'] = unreadOnly;
  if (archived !== undefined) values['archive'] = archived;
  const attributes = { xmlns: NS.inbox, queryid: stanzaId() };
  return iq('set', xml('inbox', attributes, submit(values, NS.inbox), pageElement(options)));
}

/** Sets the unread count of a conversation to zero. */
export function markRead(jid: string): Element {
  return xml('message', { id: stanzaId() }, xml('reset', { xmlns: NS.inbox, jid }));
}

/** Changes the settings of a conversation. */
export function setConversation(
  jid: string,
  what: Readonly<Record<'archive' | 'read', boolean> | Record<'mute', number>>,
): Element {
  const children = Object.entries(what).map(([name, value]) => xml(name, {}, String(value)));
  return iq('set', xml('query', { xmlns: `${NS.inbox}#conversation`, jid }, ...children));
}

/** Empties the bin. */
export function emptyBin(): Element {
  return iq('set', xml('empty-bin', { xmlns: NS.inbox }));
}

/** Asks for access and refresh tokens (MongooseIM, token authentication). */
export function requestTokens(): Element {
  return iq('get', queryElement(NS.tokenAuth));
}
