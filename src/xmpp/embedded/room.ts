import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import type { Address } from './address.ts';
import { iqResult, stanzaError } from './answers.ts';
import { lacks, missing } from './missing.ts';
import { infoOf } from './requests.ts';
import { RoomHistory } from './room-history.ts';
import { settingsForm, settingsOf, usualSettings } from './room-settings.ts';
import { addressedTo } from './sessions.ts';
import type { Resource } from './sessions.ts';
import { NS } from '../stanzas/namespaces.ts';

/** Those in one room; a further one is refused with `service-unavailable` (XEP-0045 §7.2.9). */
const MOST_OCCUPANTS = 1000;

/** Who is in a room. */
interface Occupant {
  nick: string;
  readonly resource: Resource;
  readonly isOwner: boolean;
  /** What its presence says, without addresses. */
  presence: readonly (Element | string)[];
}

/** A room (XEP-0045), in memory: one owner, who made it, and participants. */
export class Room {
  readonly jid: string;
  readonly #owner: string;
  readonly #now: () => number;
  readonly #occupants = new Map<string, Occupant>();
  /** The same by their full JIDs. */
  readonly #byJid = new Map<string, Occupant>();
  readonly #history: RoomHistory;
  #settings = usualSettings;
  /** Nobody else gets in until its owner has configured it (XEP-0045 §10.1.3). */
  #isLocked = true;
  #isDestroyed = false;
  /** The message that set the subject, without `to`. */
  #subject: string;

  /** @param owner the bare JID of who makes it */
  constructor(jid: string, owner: string, now: () => number) {
    this.jid = jid;
    this.#owner = owner;
    this.#now = now;
    this.#history = new RoomHistory(jid);
    const inner = xml('subject');
    this.#subject = xml('message', { from: jid, type: 'groupchat' }, inner).toString();
  }

  get isOver(): boolean {
    return this.#isDestroyed || (this.#occupants.size === 0 && !this.#settings.persistentroom);
  }

  get isListed(): boolean {
    return !this.#isLocked && this.#settings.publicroom;
  }

  /** The item of the service's list (XEP-0045 §6.3). */
  get item(): Element {
    return xml('item', { jid: this.jid, name: this.#settings.roomname || undefined });
  }

  /** Enters, changes presence or nick, or leaves. @returns the error for the sender, if there is one */
  presence(presence: Element, { resource: nick }: Address, sender: Resource): Element | undefined {
    const own = this.#byJid.get(sender.jid);
    const type = presence.attrs['type'] as string | undefined;
    if (type !== undefined) {
      if (own !== undefined && type === 'unavailable') this.#leave(own, presence);
      return undefined;
    }
    const refused = this.#refusal(presence, nick, own, sender);
    if (refused !== undefined) return refused;
    const says = presence.children.filter((child) => isSaid(child));
    if (own === undefined) this.#enter(presence, nick, sender, says);
    else {
      own.presence = says;
      if (own.nick !== nick) this.#rename(own, nick);
      this.#announce(own, []);
    }
    return undefined;
  }

  /** A message to all, or to one. @returns the error for the sender, if there is one */
  message(message: Element, { resource: nick }: Address, sender: Resource): Element | undefined {
    const own = this.#byJid.get(sender.jid);
    if (own === undefined) return stanzaError(message, 'modify', 'not-acceptable');
    const isForAll = message.attrs['type'] === 'groupchat';
    if (nick !== '') {
      return isForAll
        ? stanzaError(message, 'modify', 'bad-request')
        : this.#pass(message, nick, own);
    }
    if (!isForAll) return missing(message);
    message.attrs['from'] = this.#jidOf(own);
    delete message.attrs['to'];
    const hasBody = message.getChild('body') !== undefined;
    if (!hasBody && message.getChild('subject') !== undefined) {
      if (!own.isOwner && !this.#settings.changesubject) {
        message.attrs['from'] = sender.jid;
        message.attrs['to'] = this.jid;
        return stanzaError(message, 'auth', 'forbidden');
      }
      this.#subject = message.toString();
    }
    const text = message.toString();
    if (hasBody) this.#history.keep(text, this.#now());
    this.#sendAll(text);
    return undefined;
  }

  /** A request to the room, or to one in it. @returns the answer of the room */
  request(iq: Element, { resource: nick }: Address, sender: Resource): Element | undefined {
    const own = this.#byJid.get(sender.jid);
    if (nick !== '') {
      if (own === undefined) return stanzaError(iq, 'modify', 'not-acceptable');
      return this.#pass(iq, nick, own);
    }
    const [payload] = iq.getChildElements();
    const isGet = iq.attrs['type'] === 'get';
    switch (payload?.getNS()) {
      case NS.mucOwner:
        if (sender.account !== this.#owner) return stanzaError(iq, 'auth', 'forbidden');
        return isGet ? this.#configuration(iq) : this.#configure(iq, payload);
      case NS.discoInfo:
        if (isGet) return iqResult(iq, this.#info());
        break;
      case NS.discoItems:
        if (isGet) return iqResult(iq, this.#items());
        break;
      case NS.ping:
        if (isGet) return iqResult(iq);
        break;
    }
    return missing(iq);
  }

  #refusal(
    presence: Element,
    nick: string,
    own: Occupant | undefined,
    sender: Resource,
  ): Element | undefined {
    const { passwordprotectedroom, roomsecret } = this.#settings;
    const isOwner = sender.account === this.#owner;
    if (nick === '') return stanzaError(presence, 'modify', 'jid-malformed');
    const holder = this.#occupants.get(nick);
    if (holder !== undefined && holder !== own) return stanzaError(presence, 'cancel', 'conflict');
    if (own !== undefined || isOwner) return undefined;
    if (this.#isLocked) return stanzaError(presence, 'cancel', 'item-not-found');
    if (passwordprotectedroom) {
      const password = presence.getChild('x', NS.muc)?.getChildText('password');
      if (password !== roomsecret) return stanzaError(presence, 'auth', 'not-authorized');
    }
    if (this.#occupants.size < MOST_OCCUPANTS) return undefined;
    return stanzaError(presence, 'wait', 'service-unavailable');
  }

  /** In the order of XEP-0045 §7.1: the others, oneself, what was said, the subject. */
  #enter(
    presence: Element,
    nick: string,
    resource: Resource,
    says: readonly (Element | string)[],
  ): void {
    const isNew = this.#occupants.size === 0 && this.#isLocked;
    const entering = { nick, resource, isOwner: resource.account === this.#owner, presence: says };
    for (const other of this.#occupants.values()) {
      resource.outlet.send(this.#presenceOf(other, entering).toString());
    }
    this.#occupants.set(nick, entering);
    this.#byJid.set(resource.jid, entering);
    this.#announce(entering, isNew ? ['201'] : []);
    const wanted = presence.getChild('x', NS.muc)?.getChild('history');
    for (const text of [...this.#history.for(wanted, this.#now()), this.#subject]) {
      resource.outlet.send(addressedTo(resource.jid, text));
    }
  }

  #leave(leaving: Occupant, presence: Element): void {
    leaving.presence = presence.children.filter((child) => isSaid(child));
    this.#announce(leaving, [], { type: 'unavailable' });
    this.#forget(leaving);
  }

  /** XEP-0045 §7.6. */
  #rename(own: Occupant, nick: string): void {
    this.#announce(own, ['303'], { type: 'unavailable', nick });
    this.#occupants.delete(own.nick);
    own.nick = nick;
    this.#occupants.set(nick, own);
  }

  /** Tells all of somebody; the one itself with status 110. */
  #announce(
    own: Occupant,
    codes: readonly string[],
    change: { type?: 'unavailable'; nick?: string } = {},
  ): void {
    for (const other of this.#occupants.values()) {
      const isSelf = other === own;
      const presence = this.#presenceOf(own, other, isSelf ? ['110', ...codes] : codes, change);
      other.resource.outlet.send(presence.toString());
    }
  }

  /** The presence of one as another sees it: owners see who that is. */
  #presenceOf(
    own: Occupant,
    viewer: Pick<Occupant, 'resource' | 'isOwner'>,
    codes: readonly string[] = [],
    { type, nick }: { type?: 'unavailable'; nick?: string } = {},
  ): Element {
    const isGone = type !== undefined && nick === undefined;
    const item = xml('item', {
      affiliation: own.isOwner ? 'owner' : 'none',
      role: isGone ? 'none' : own.isOwner ? 'moderator' : 'participant',
      jid: viewer.isOwner || viewer.resource === own.resource ? own.resource.jid : undefined,
      nick,
    });
    const status = codes.map((code) => xml('status', { code }));
    const addresses = { from: this.#jidOf(own), to: viewer.resource.jid, type };
    const mark = xml('x', { xmlns: NS.mucUser }, item, ...status);
    return xml('presence', addresses, ...(own.presence as Element[]), mark);
  }

  /** A stanza from one occupant to another (XEP-0045 §7.5). */
  #pass(stanza: Element, nick: string, own: Occupant): Element | undefined {
    const to = this.#occupants.get(nick);
    if (to === undefined) return stanzaError(stanza, 'cancel', 'item-not-found');
    stanza.attrs['from'] = this.#jidOf(own);
    stanza.attrs['to'] = to.resource.jid;
    to.resource.outlet.send(stanza.toString());
    return undefined;
  }

  #configuration(iq: Element): Element {
    return iqResult(iq, xml('query', { xmlns: NS.mucOwner }, settingsForm(this.#settings)));
  }

  #configure(iq: Element, query: Element): Element {
    const destroy = query.getChild('destroy');
    const form = query.getChild('x', NS.forms);
    if (destroy !== undefined) this.#destroy(destroy);
    else if (form?.attrs['type'] === 'cancel') {
      if (this.#isLocked) this.#destroy(xml('destroy'));
    } else if (form?.attrs['type'] === 'submit') {
      const settings = settingsOf(form, this.#settings);
      if ('lacks' in settings) {
        return stanzaError(iq, 'modify', 'not-acceptable', lacks(settings.lacks));
      }
      this.#settings = settings;
      this.#isLocked = false;
    } else return stanzaError(iq, 'modify', 'bad-request');
    return iqResult(iq);
  }

  /** XEP-0045 §10.9. */
  #destroy(destroy: Element): void {
    this.#isDestroyed = true;
    const item = xml('item', { affiliation: 'none', role: 'none' });
    const inner = xml('x', { xmlns: NS.mucUser }, item, destroy);
    for (const own of [...this.#occupants.values()]) {
      const addresses = { from: this.#jidOf(own), to: own.resource.jid, type: 'unavailable' };
      own.resource.outlet.send(xml('presence', addresses, inner).toString());
      this.#forget(own);
    }
  }

  #forget({ nick, resource }: Occupant): void {
    this.#occupants.delete(nick);
    this.#byJid.delete(resource.jid);
  }

  /** @param text without `to` */
  #sendAll(text: string): void {
    for (const { resource } of this.#occupants.values()) {
      resource.outlet.send(addressedTo(resource.jid, text));
    }
  }

  #info(): Element {
    const { roomname, persistentroom, passwordprotectedroom, publicroom } = this.#settings;
    return infoOf({ category: 'conference', type: 'text', name: roomname || this.jid }, [
      NS.muc,
      'muc_open',
      'muc_unmoderated',
      'muc_semianonymous',
      passwordprotectedroom ? 'muc_passwordprotected' : 'muc_unsecured',
      persistentroom ? 'muc_persistent' : 'muc_temporary',
      publicroom ? 'muc_public' : 'muc_hidden',
    ]);
  }

  #items(): Element {
    const jids = [...this.#occupants.values()].map((own) => this.#jidOf(own));
    return xml('query', { xmlns: NS.discoItems }, ...jids.map((jid) => xml('item', { jid })));
  }

  #jidOf({ nick }: Occupant): string {
    return `${this.jid}/${nick}`;
  }
}

/** What of a presence the others get: not what was meant for the room. */
function isSaid(child: Element | string | number): child is Element {
  return typeof child === 'object' && child.getNS() !== NS.muc && child.getNS() !== NS.mucUser;
}
