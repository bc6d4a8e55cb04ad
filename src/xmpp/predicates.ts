import type { Element } from './element.ts';
import { isJidOf } from './jid.ts';
import type { Stanza } from './stanza.ts';
import { isStreamErrorStanza } from './stanza-errors.ts';
import { NS } from './stanzas/namespaces.ts';

/**
 * Tests a stanza. "First tag alone" means: the predicate does not parse the stanza, so it costs next to
 * nothing.
 */
export type Predicate = (stanza: Stanza) => boolean;

/** Matches when all of the predicates match. */
export function and(...predicates: readonly Predicate[]): Predicate {
  return (stanza) => predicates.every((predicate) => predicate(stanza));
}

/** Matches when any of the predicates matches. */
export function or(...predicates: readonly Predicate[]): Predicate {
  return (stanza) => predicates.some((predicate) => predicate(stanza));
}

/** Matches when the predicate does not match. */
export function not(predicate: Predicate): Predicate {
  return (stanza) => !predicate(stanza);
}

/** Any message; first tag alone. */
export function isMessage(): Predicate {
  return ({ name }) => name === 'message';
}

/** A message of type chat; with `body`, only one with that text (without it, first tag alone). */
export function isChatMessage(body?: string): Predicate {
  return messageOf('chat', body);
}

/** A message of type groupchat; with `body`, only one with that text (without it, first tag alone). */
export function isGroupchatMessage(body?: string): Predicate {
  return messageOf('groupchat', body);
}

/** A message of type headline; with `body`, only one with that text (without it, first tag alone). */
export function isHeadlineMessage(body?: string): Predicate {
  return messageOf('headline', body);
}

/** A chat message between two JIDs. */
export function isChatMessageFromTo(from: string, to: string, body?: string): Predicate {
  return and(isChatMessage(body), isFrom(from), isTo(to));
}

/** A copy of a message that another resource of the account received (XEP-0280 §7). */
export function isCarbonReceived(body?: string): Predicate {
  return carbon('received', body);
}

/** A copy of a message that another resource of the account sent (XEP-0280 §8). */
export function isCarbonSent(body?: string): Predicate {
  return carbon('sent', body);
}

/** A message that asks for a receipt (XEP-0184 §5.2). */
export function isReceiptRequest(): Predicate {
  return and(isMessage(), hasChild('request', NS.receipts));
}

/** A receipt; with `messageId`, only for that message (XEP-0184 §5.3). */
export function isReceipt(messageId?: string): Predicate {
  return (stanza) => {
    if (stanza.name !== 'message') return false;
    const received = stanza.getChild('received', NS.receipts);
    return received !== undefined && (messageId ?? received.attrs['id']) === received.attrs['id'];
  };
}

/** A chat marker; with `messageId`, only for that message (XEP-0333 §4). */
export function isChatMarker(
  kind: 'received' | 'displayed' | 'acknowledged',
  messageId?: string,
): Predicate {
  return (stanza) => {
    const marker = stanza.name === 'message' ? stanza.getChild(kind, NS.markers) : undefined;
    return marker !== undefined && (messageId ?? marker.attrs['id']) === marker.attrs['id'];
  };
}

/**
 * An IQ; with `type`, only of that type (first tag alone); with `xmlns`, only with a payload of that
 * namespace.
 */
export function isIq(type?: 'get' | 'set' | 'result' | 'error', xmlns?: string): Predicate {
  return (stanza) =>
    stanza.name === 'iq' &&
    (type === undefined || stanza.type === type) &&
    (xmlns === undefined || stanza.payload?.getNS() === xmlns);
}

/** The result or the error that answers the IQ with that id; first tag alone. */
export function isAnswerTo(id: string): Predicate {
  return (stanza) =>
    stanza.name === 'iq' &&
    stanza.id === id &&
    (stanza.type === 'result' || stanza.type === 'error');
}

/** The result of the IQ with that id; first tag alone. */
export function isResultOf(id: string): Predicate {
  return (stanza) => stanza.name === 'iq' && stanza.id === id && stanza.type === 'result';
}

/** The error that answers the IQ with that id; first tag alone. */
export function isErrorOf(id: string): Predicate {
  return (stanza) => stanza.name === 'iq' && stanza.id === id && stanza.type === 'error';
}

/** Any presence; with `type`, only of that type (`available`: a presence without a type); first tag alone. */
export function isPresence(type?: string): Predicate {
  return ({ name, type: its = 'available' }) =>
    name === 'presence' && (type === undefined || its === type);
}

/** A presence with that `show`: `away`, `dnd` … */
export function isPresenceWithShow(show: string): Predicate {
  return presenceWith('show', show);
}

/** A presence with that status. */
export function isPresenceWithStatus(status: string): Predicate {
  return presenceWith('status', status);
}

/** A presence with that priority. */
export function isPresenceWithPriority(priority: number): Predicate {
  return presenceWith('priority', String(priority));
}

/** A stanza from `jid`; a bare JID matches all its resources. First tag alone. */
export function isFrom(jid: string): Predicate {
  return ({ from }) => isJidOf(from, jid);
}

/** A stanza to `jid`; a bare JID matches all its resources. First tag alone. */
export function isTo(jid: string): Predicate {
  return ({ to }) => isJidOf(to, jid);
}

/** A stanza of that type; first tag alone. */
export function hasType(type: string): Predicate {
  return (stanza) => stanza.type === type;
}

/** A stanza with that id; first tag alone. */
export function hasId(id: string): Predicate {
  return (stanza) => stanza.id === id;
}

/** A stanza with such a child. */
export function hasChild(name: string, xmlns?: string): Predicate {
  return (stanza) => stanza.getChild(name, xmlns) !== undefined;
}

/** A stanza that has that namespace, or has a payload of that namespace. */
export function hasNs(xmlns: string): Predicate {
  return ({ element }) =>
    element.getNS() === xmlns ||
    element.getChildElements().some((child) => child.getNS() === xmlns);
}

/** A stanza error (RFC 6120 §8.3.2); with `type` or `condition`, only one with these. */
export function isError(type?: string, condition?: string): Predicate {
  return (stanza) => {
    if (stanza.type !== 'error') return false;
    const error = stanza.getChild('error');
    if (type !== undefined && error?.attrs['type'] !== type) return false;
    return condition === undefined || error?.getChild(condition, NS.stanzas) !== undefined;
  };
}

/** A stream error (RFC 6120 §4.9.3); with `condition`, only that one. */
export function isStreamError(condition?: string): Predicate {
  return (stanza) =>
    isStreamErrorStanza(stanza) &&
    (condition === undefined || stanza.getChild(condition, NS.streams) !== undefined);
}

/** An IQ of type result, whatever its payload. */
export function isResult(): Predicate {
  return isIq('result');
}

/** A request for the roster. */
export function isRosterGet(): Predicate {
  return isIq('get', NS.roster);
}

/** A roster push (RFC 6121 §2.1.6). */
export function isRosterSet(): Predicate {
  return isIq('set', NS.roster);
}

/** The answer to a request for the roster. */
export function isRosterResult(): Predicate {
  return isIq('result', NS.roster);
}

/** A roster, or a push, with that number of items. */
export function hasRosterItems(count: number): Predicate {
  return (stanza) => itemsOf(stanza, NS.roster).length === count;
}

/** A roster, or a push, with that contact. */
export function rosterContains(jid: string): Predicate {
  return (stanza) =>
    itemsOf(stanza, NS.roster).some(({ attrs }) =>
      isJidOf(attrs['jid'] as string | undefined, jid),
    );
}

/** The answer to `lastActivity` (XEP-0012 §3). */
export function isLastActivityResult(): Predicate {
  return isIq('result', NS.last);
}

/** The answer to a request for a stored element (XEP-0049 §3.2). */
export function isPrivateResult(): Predicate {
  return isIq('result', NS.privateStorage);
}

/** An error about private storage. */
export function isPrivateError(): Predicate {
  return isIq('error', NS.privateStorage);
}

/** A push that says that a privacy list has changed (XEP-0016 §2.6). */
export function isPrivacySet(): Predicate {
  return isIq('set', NS.privacy);
}

/** An answer about privacy lists; with names, only when its active and its default list have these names. */
export function isPrivacyResult({
  active,
  byDefault,
}: { active?: string; byDefault?: string } = {}): Predicate {
  return (stanza) => {
    if (!isIq('result', NS.privacy)(stanza)) return false;
    const query = stanza.payload;
    const names = (child: string, wanted: string | undefined): boolean =>
      wanted === undefined || query?.getChild(child)?.attrs['name'] === wanted;
    return names('active', active) && names('default', byDefault);
  };
}

/** The error for a privacy list that does not exist. */
export function isPrivacyListNotFound(): Predicate {
  return and(isIq('error'), isError('cancel', 'item-not-found'));
}

/** The answer to a command (XEP-0050 §3); with `node` or `status`, only one with these. */
export function isCommandAnswer(node?: string, status?: string): Predicate {
  return (stanza) => {
    const command = stanza.name === 'iq' ? stanza.getChild('command', NS.adhoc) : undefined;
    if (command === undefined) return false;
    const { attrs } = command;
    return (
      (node ?? attrs['node']) === attrs['node'] && (status ?? attrs['status']) === attrs['status']
    );
  };
}

/** A service discovery answer with that item (XEP-0030 §4). */
export function hasItem(jid: string): Predicate {
  return (stanza) => itemsOf(stanza, NS.discoItems).some(({ attrs }) => attrs['jid'] === jid);
}

/** A service discovery answer with that feature (XEP-0030 §3). */
export function hasFeature(feature: string): Predicate {
  return (stanza) =>
    childrenOf(stanza, NS.discoInfo, 'feature').some(({ attrs }) => attrs['var'] === feature);
}

/** A service discovery answer with that identity (XEP-0030 §3). */
export function hasIdentity(category: string, type: string): Predicate {
  return (stanza) =>
    childrenOf(stanza, NS.discoInfo, 'identity').some(
      ({ attrs }) => attrs['category'] === category && attrs['type'] === type,
    );
}

/** A stanza with a form field of that type, anywhere in it (XEP-0004 §3.3). */
export function hasFieldWithType(name: string, type: string): Predicate {
  return ({ element }) =>
    fieldsOf(element).some(({ attrs }) => attrs['var'] === name && attrs['type'] === type);
}

/** A stanza with a form field of that value, anywhere in it (XEP-0004 §3.2). */
export function hasFieldValue(name: string, value: string): Predicate {
  return ({ element }) =>
    fieldsOf(element).some(
      (field) =>
        field.attrs['var'] === name &&
        field.getChildren('value').some((each) => each.text() === value),
    );
}

/** A nonza that opens the stream over WebSocket (RFC 7395 §3.4). */
export function isStreamStart(): Predicate {
  return ({ name }) => name === 'open' || name === 'stream:stream';
}

/** A nonza that ends the stream over WebSocket (RFC 7395 §3.6). */
export function isStreamEnd(): Predicate {
  return ({ name }) => name === 'close';
}

/** Stream management is enabled (XEP-0198 §3); with `resumable`, only when it can, or cannot, be resumed. */
export function isSmEnabled(resumable?: boolean): Predicate {
  return (stanza) => {
    if (stanza.name !== 'enabled') return false;
    const { resume } = stanza.attrs;
    return resumable === undefined || (resume === 'true' || resume === '1') === resumable;
  };
}

/** Stream management failed (XEP-0198 §3, §5); with `condition`, only with that one. */
export function isSmFailed(condition?: string): Predicate {
  return (stanza) =>
    stanza.name === 'failed' &&
    (condition === undefined || stanza.getChild(condition, NS.stanzas) !== undefined);
}

/** An acknowledgement (XEP-0198 §4); with `handled`, only of that count. */
export function isSmAck(handled?: number): Predicate {
  return (stanza) =>
    stanza.name === 'a' && (handled === undefined || Number(stanza.attrs['h']) === handled);
}

/** A request for an acknowledgement (XEP-0198 §4). */
export function isSmAckRequest(): Predicate {
  return ({ name }) => name === 'r';
}

/** A session was resumed (XEP-0198 §5); with `id`, only that one. */
export function isSmResumed(id?: string): Predicate {
  return (stanza) =>
    stanza.name === 'resumed' && (id === undefined || stanza.attrs['previd'] === id);
}

/** Compression is on (XEP-0138 §3). */
export function isCompressed(): Predicate {
  return ({ name }) => name === 'compressed';
}

/** A message from an archive (XEP-0313 §4.2); with `body`, only one with that text. */
export function isArchivedMessage(body?: string): Predicate {
  return (stanza) => {
    const result = stanza.name === 'message' ? stanza.getChild('result', NS.mam) : undefined;
    return result !== undefined && bodyFits(forwardedIn(result), body);
  };
}

/** The end of a page of an archive (XEP-0313 §4.3). */
export function isArchiveEnd(): Predicate {
  return (stanza) =>
    (stanza.name === 'iq' || stanza.name === 'message') &&
    stanza.element.getChildElements().some((child) => child.is('fin', NS.mam));
}

/** The answer to a request to bind a resource (RFC 6120 §7.6). */
export function isBindResult(): Predicate {
  return isIq('result', NS.bind);
}

/** A message in which a PubSub node reports items (XEP-0060 §7.1.2.1). */
export function isPubsubEvent(node?: string): Predicate {
  return (stanza) => {
    if (stanza.name !== 'message') return false;
    const items = stanza.getChild('event', NS.pubsubEvent)?.getChild('items');
    return items !== undefined && (node === undefined || items.attrs['node'] === node);
  };
}

/** The session's own presence in a room, which says that it has entered (XEP-0045 §7.2.2, status 110). */
export function isSelfPresence(room?: string): Predicate {
  return (stanza) =>
    stanza.name === 'presence' &&
    (room === undefined || isJidOf(stanza.from, room)) &&
    (stanza.getChild('x', NS.mucUser)?.getChildren('status') ?? []).some(
      ({ attrs }) => attrs['code'] === '110',
    );
}

function messageOf(type: string, body: string | undefined): Predicate {
  return (stanza) => stanza.name === 'message' && stanza.type === type && bodyFits(stanza, body);
}

function bodyFits(
  stanza: Pick<Element, 'getChildText'> | Pick<Stanza, 'getChildText'> | undefined,
  body: string | undefined,
): boolean {
  return body === undefined || stanza?.getChildText('body') === body;
}

function carbon(kind: 'received' | 'sent', body: string | undefined): Predicate {
  return (stanza) => {
    const copy = stanza.name === 'message' ? stanza.getChild(kind, NS.carbons) : undefined;
    return copy !== undefined && bodyFits(forwardedIn(copy), body);
  };
}

/** The forwarded message (XEP-0297 §3.1). */
function forwardedIn(element: Element): Element | undefined {
  return element.getChild('forwarded', NS.forward)?.getChild('message');
}

function presenceWith(child: string, text: string): Predicate {
  return (stanza) => stanza.name === 'presence' && stanza.getChildText(child) === text;
}

function itemsOf(stanza: Stanza, xmlns: string): Element[] {
  return childrenOf(stanza, xmlns, 'item');
}

function childrenOf(stanza: Stanza, xmlns: string, name: string): Element[] {
  return stanza.name === 'iq' ? (stanza.getChild('query', xmlns)?.getChildren(name) ?? []) : [];
}

function fieldsOf(element: Element): Element[] {
  return element
    .getChildElements()
    .flatMap((child) => (child.name === 'field' ? [child] : fieldsOf(child)));
}
