import { VERSION } from '../../lib/system/version.ts';
import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import type { Address } from './address.ts';
import { iqResult, isAnswer, stanzaError } from './answers.ts';
import { missing } from './missing.ts';
import { infoOf } from './requests.ts';
import { Room } from './room.ts';
import type { RoomSurroundings } from './room.ts';
import type { Resource } from './sessions.ts';
import { NS } from '../stanzas/namespaces.ts';

/** Maximum number of rooms at a time; a further one is refused with `resource-constraint`. */
const MAX_ROOMS = 5000;

/** The service for rooms (XEP-0045), at a domain of its own. */
export class Rooms {
  readonly domain: string;
  readonly #surroundings: RoomSurroundings;
  readonly #rooms = new Map<string, Room>();

  constructor(domain: string, surroundings: RoomSurroundings) {
    this.domain = domain;
    this.#surroundings = surroundings;
  }

  /** The service's item in the server's list (XEP-0030 §4). */
  get item(): Element {
    return xml('item', { jid: this.domain, name: 'Rooms' });
  }

  /** Routes a client's stanza to the service, to a room, or to an occupant. */
  route(stanza: Element, to: Address, sender: Resource): void {
    const answer = to.local === '' ? this.#answer(stanza) : this.#routeToRoom(stanza, to, sender);
    if (answer !== undefined && !isAnswer(stanza)) sender.outlet.send(answer.toString());
  }

  #routeToRoom(stanza: Element, to: Address, sender: Resource): Element | undefined {
    const isEntry = stanza.name === 'presence' && stanza.attrs['type'] === undefined;
    let room = this.#rooms.get(to.bare);
    if (room === undefined) {
      if (!isEntry) {
        const isLeaving = stanza.name === 'presence';
        return isLeaving ? undefined : stanzaError(stanza, 'cancel', 'item-not-found');
      }
      if (this.#rooms.size >= MAX_ROOMS) {
        return stanzaError(stanza, 'wait', 'resource-constraint');
      }
      room = new Room(to.bare, sender.account, this.#surroundings);
      this.#rooms.set(to.bare, room);
    }
    const answer = this.#give(room, stanza, to, sender);
    if (room.isOver) this.#rooms.delete(to.bare);
    return answer;
  }

  #give(room: Room, stanza: Element, to: Address, sender: Resource): Element | undefined {
    switch (stanza.name) {
      case 'presence':
        return room.presence(stanza, to, sender);
      case 'message':
        return room.message(stanza, to, sender);
      default:
        return room.request(stanza, to, sender);
    }
  }

  /** Answers stanzas to the service itself. */
  #answer(stanza: Element): Element | undefined {
    if (stanza.name === 'presence') return undefined;
    const isGet = stanza.attrs['type'] === 'get';
    const [payload] = stanza.name === 'iq' ? stanza.getChildElements() : [];
    switch (payload?.getNS() ?? '') {
      case NS.ping:
        if (isGet) return iqResult(stanza);
        break;
      case NS.version: {
        const name = xml('name', {}, 'amoc embedded server, rooms');
        const version = xml('version', {}, VERSION);
        if (isGet) return iqResult(stanza, xml('query', { xmlns: NS.version }, name, version));
        break;
      }
      case NS.discoInfo:
        if (isGet) return iqResult(stanza, infoOf(identity, [NS.muc, NS.ping, NS.version]));
        break;
      case NS.discoItems:
        if (isGet) return iqResult(stanza, this.#items());
        break;
    }
    return missing(stanza);
  }

  #items(): Element {
    const listed = [...this.#rooms.values()].filter(({ isListed }) => isListed);
    return xml('query', { xmlns: NS.discoItems }, ...listed.map(({ item }) => item));
  }
}

const identity = { category: 'conference', type: 'text', name: 'Rooms' };
