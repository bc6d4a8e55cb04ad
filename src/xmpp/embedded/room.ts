import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { parseAddress } from './address.ts';
import type { Address } from './address.ts';
import { iqResult, stanzaError } from './answers.ts';
import { lacks, missing } from './missing.ts';
import { infoOf } from './requests.ts';
import { RoomHistory } from './room-history.ts';
import { settingsForm, settingsOf, usualSettings } from './room-settings.ts';
import { addressedTo } from './sessions.ts';
import type { Resource } from './sessions.ts';
import { NS } from '../stanzas/namespaces.ts';

/** Maximum number of occupants; a further one is refused with `service-unavailable` (XEP-0045 §7.2.9). */
const MAX_OCCUPANTS = 1000;

/** An occupant of a room. */
interface Occupant {
  nick: string;
  readonly resource: Resource;
  readonly isOwner: boolean;
  /** The content of its presence. */
  says: readonly Element[];
  /** Its presence as the others see it, without `to`; owners see the occupant's JID. */
  shown: { owners: string; others: string };
}

/** What a presence announces in addition to the occupant. */
interface Change {
  type?: 'unavailable';
  /** The occupant's new nick. */
  nick?: string;
}

/** What a room needs from its surroundings. */
export interface RoomSurroundings {
  now(): number;
  /** Delivers a message to an account. */
  deliver(message: Element, to: Address): void;
}

/** A room (XEP-0045), in memory: one owner, who created it, and participants. */
export class Room {
  readonly jid: string;
  readonly #owner: string;
  readonly #outside: RoomSurroundings;
  readonly #occupants = new Map<string, Occupant>();
  /** The same occupants by their full JIDs. */
  readonly #byJid = new Map<string, Occupant>();
  readonly #history: RoomHistory;
  #settings = usualSettings;
  /** Only the owner gets in until it has configured the room (XEP-0045 §10.1.3). */
  #isLocked = true;
  #isDestroyed = false;
  /** The message that set the subject, without `to`. */
  #subject: string;

  /** @param owner the bare JID of the account that creates the room */
  constructor(jid: string, owner: string, outside: RoomSurroundings) {
    this.jid = jid;
    this.#owner = owner;
    this.#outside = outside;
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

  /** The room's item in the service's list (XEP-0045 §6.3). */
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
      own.says = says;
      if (own.nick !== nick) this.#rename(own, nick);
      this.#announce(own, []);
    }
    return undefined;
  }

  /** A message to all occupants, or to one. @returns the error for the sender, if there is one */
  message(message: Element, { resource: nick }: Address, sender: Resource): Element | undefined {
    const own = this.#byJid.get(sender.jid);
    if (own === undefined) return stanzaError(message, 'modify', 'not-acceptable');
    const isForAll = message.attrs['type'] === 'groupchat';
    if (nick !== '') {
      return isForAll
        ? stanzaError(message, 'modify', 'bad-request')
        : this.#pass(message, nick, own);
    }
    if (!isForAll) return this.#invite(message, own);
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
    if (hasBody) this.#history.keep(text, this.#outside.now());
    this.#sendAll(text);
    return undefined;
  }

  /** A request to the room, or to one of its occupants. @returns the answer of the room */
  request(iq: Element, { resource: nick }: Address, sender: Resource): Element | undefined {
    const own = this.#byJid.get(sender.jid);
    if (nick !== '') {
      if (own === undefined) return stanzaError(iq, 'modify', 'not-acceptable');
      return this.#pass(iq, nick, own);
    }
    const [payload] = iq.getChildElements();
    const isGet = iq.attrs['type'] === 'get';
    switch (payload?.getNS() ?? '') {
      case NS.mucOwner:
        if (sender.account !== this.#owner) return stanzaError(iq, 'auth', 'forbidden');
        return isGet ? this.#configuration(iq) : this.#configure(iq, payload as Element);
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
    if (this.#occupants.size < MAX_OCCUPANTS) return undefined;
    return stanzaError(presence, 'wait', 'service-unavailable');
  }

  /** Sends in the order of XEP-0045 §7.1: the others, the own presence, the history, the subject. */
  #enter(presence: Element, nick: string, resource: Resource, says: readonly Element[]): void {
    const isNew = this.#occupants.size === 0 && this.#isLocked;
    const isOwner = resource.account === this.#owner;
    const { jid, outlet } = resource;
    for (const { shown } of this.#occupants.values()) {
      outlet.send(addressedTo(jid, isOwner ? shown.owners : shown.others));
    }
    const entering = { nick, resource, isOwner, says, shown: { owners: '', others: '' } };
    this.#occupants.set(nick, entering);
    this.#byJid.set(jid, entering);
    this.#announce(entering, isNew ? ['201'] : []);
    const wanted = presence.getChild('x', NS.muc)?.getChild('history');
    for (const text of [...this.#history.for(wanted, this.#outside.now()), this.#subject]) {
      outlet.send(addressedTo(jid, text));
    }
  }

  #leave(leaving: Occupant, presence: Element): void {
    leaving.says = presence.children.filter((child) => isSaid(child));
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

  /** Sends an occupant's presence to all; the occupant itself gets it with status 110. */
  #announce(own: Occupant, codes: readonly string[], change: Change = {}): void {
    const { jid, outlet } = own.resource;
    const owners = this.#presenceOf(own, jid, codes, change);
    const others = this.#presenceOf(own, undefined, codes, change);
    own.shown = { owners, others };
    for (const { resource, isOwner } of this.#occupants.values()) {
      const text = isOwner ? owners : others;
      if (resource !== own.resource) resource.outlet.send(addressedTo(resource.jid, text));
    }
    outlet.send(addressedTo(jid, this.#presenceOf(own, jid, ['110', ...codes], change)));
  }

  /** The presence of an occupant, without `to`. @param jid its JID, for those that may know it */
  #presenceOf(
    own: Occupant,
    jid: string | undefined,
    codes: readonly string[],
    { type, nick }: Change,
  ): string {
    const isGone = type !== undefined && nick === undefined;
    const affiliation = own.isOwner ? 'owner' : 'none';
    const role = isGone ? 'none' : own.isOwner ? 'moderator' : 'participant';
    const item = xml('item', { affiliation, role, jid, nick });
    const status = codes.map((code) => xml('status', { code }));
    const mark = xml('x', { xmlns: NS.mucUser }, item, ...status);
    return xml('presence', { from: this.#jidOf(own), type }, ...own.says, mark).toString();
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

  /** XEP-0045 §7.8.2. */
  #invite(message: Element, own: Occupant): Element | undefined {
    const asked = message.getChild('x', NS.mucUser)?.getChildren('invite') ?? [];
    const [invite] = asked;
    const to = parseAddress((invite?.attrs['to'] as string | undefined) ?? '');
    if (invite === undefined || asked.length > 1 || to === undefined) {
      return stanzaError(message, 'modify', 'bad-request');
    }
    invite.attrs['from'] = own.resource.account;
    delete invite.attrs['to'];
    const { passwordprotectedroom, roomsecret } = this.#settings;
    const password = passwordprotectedroom ? [xml('password', {}, roomsecret)] : [];
    const inner = xml('x', { xmlns: NS.mucUser }, invite, ...password);
    this.#outside.deliver(xml('message', { from: this.jid, to: to.full }, inner), to);
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

/** Whether the others get a child of a presence: not if it was meant for the room. */
function isSaid(child: Element | string | number): child is Element {
  return typeof child === 'object' && child.getNS() !== NS.muc && child.getNS() !== NS.mucUser;
}
