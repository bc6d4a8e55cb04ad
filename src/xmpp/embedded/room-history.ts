import { escapeXml } from '../element.ts';
import type { Element } from '../element.ts';
import { NS } from '../stanzas/namespaces.ts';

/** Maximum number of messages that a room keeps for later occupants; the oldest is dropped first. */
const MAX_MESSAGES = 20;

/** The earlier messages of a room. */
export class RoomHistory {
  readonly #room: string;
  #messages: { text: string; at: number }[] = [];

  constructor(room: string) {
    this.#room = room;
  }

  /** @param message XML text without `to` */
  keep(message: string, at: number): void {
    const stamp = new Date(at).toISOString();
    const delay = `<delay xmlns="${NS.delay}" from="${escapeXml(this.#room)}" stamp="${stamp}"/>`;
    const open = message.slice(0, -'</message>'.length);
    this.#messages.push({ text: `${open}${delay}</message>`, at });
    if (this.#messages.length > MAX_MESSAGES) this.#messages.shift();
  }

  /** The messages for a new occupant. @param wanted the `<history/>` of XEP-0045 §7.2.14 */
  for(wanted: Element | undefined, now: number): string[] {
    const limit = (name: string): number => Number(wanted?.attrs[name] ?? Infinity);
    const most = limit('maxchars') === 0 ? 0 : limit('maxstanzas');
    const since = Date.parse((wanted?.attrs['since'] as string | undefined) ?? '') || -Infinity;
    const from = Math.max(since, now - limit('seconds') * 1000);
    const recent = this.#messages.filter(({ at }) => at >= from);
    return recent.slice(Math.max(0, recent.length - most)).map(({ text }) => text);
  }
}
