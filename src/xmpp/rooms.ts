import { StanzaTimeout } from './errors.ts';
import { isJidOf, isSameJid } from './jid.ts';
import { isSelfPresence } from './predicates.ts';
import type { Predicate } from './predicates.ts';
import { timeoutOf } from './receiver.ts';
import type { Session } from './session.ts';
import type { StanzaWait } from './session-parts.ts';
import type { Stanza } from './stanza.ts';
import { stanzaErrorOf } from './stanza-errors.ts';
import { join } from './stanzas/muc.ts';
import type { JoinOptions } from './stanzas/muc.ts';
import { NS } from './stanzas/namespaces.ts';

/** A room that one has entered. */
export interface JoinedRoom {
  /** Who was there already: their presences. */
  occupants: Stanza[];
  /** Messages of the past, oldest first. */
  history: Stanza[];
  subject: string | undefined;
  /** Whether it was made by entering it (XEP-0045 §10.1, status 201): it may have to be configured. */
  isNew: boolean;
}

/** What a room answers until its owner has configured it (XEP-0045 §10.1.3). */
const LOCKED = 'item-not-found';
const LOCKED_RETRY_MS = 250;

/**
 * Enters a room and waits until one is in: for the own presence, the history and the subject, in the
 * order of XEP-0045 §7.1. A room that its owner has yet to configure is waited for.
 *
 * @throws {StanzaError} when the room does not let one in
 * @throws {StanzaTimeout} when one is not in in time
 */
export async function joinRoom(
  session: Session,
  room: string,
  nick: string,
  options: JoinOptions & StanzaWait = {},
): Promise<JoinedRoom> {
  const what = `entry into ${room} as ${nick}`;
  const until = performance.now() + timeoutOf(options);
  for (;;) {
    const entry = new Entry(room);
    const isLast: Predicate = (stanza) => entry.isLast(stanza);
    // Handlers of the scenario may take any of it, so it is looked at before them.
    const ends = [
      session.intercept((stanza) => entry.sees(stanza)),
      session.prefer(isLast),
      session.collect((stanza) => entry.has(stanza)),
    ];
    let last: Stanza;
    try {
      const timeout = Math.max(0, until - performance.now());
      last = await session.sendAndWait(join(room, nick, options), isLast, { timeout, what });
    } catch (error) {
      throw error instanceof StanzaTimeout ? new StanzaTimeout(what, timeoutOf(options)) : error;
    } finally {
      for (const end of ends) end();
    }
    if (last.type !== 'error') return entry.joined(last);
    const error = stanzaErrorOf(last, `the ${what}`);
    if (error.condition !== LOCKED || performance.now() + LOCKED_RETRY_MS > until) throw error;
    await session.pause(LOCKED_RETRY_MS);
  }
}

/** What a room sends until one is in. */
class Entry {
  readonly #room: string;
  #self: Stanza | undefined;
  #last: Stanza | undefined;
  readonly #occupants: Stanza[] = [];
  readonly #history: Stanza[] = [];

  constructor(room: string) {
    this.#room = room;
  }

  /** Notes what belongs to the entry. @returns `false`: it goes on to others */
  sees(stanza: Stanza): false {
    if (!this.has(stanza)) return false;
    if (this.#ends(stanza)) this.#last = stanza;
    else if (stanza.name === 'message') this.#history.push(stanza);
    else if (isSelfPresence()(stanza)) this.#self = stanza;
    // The room itself may be present too: some servers tell its avatar by that.
    else if (stanza.type === undefined && !isSameJid(stanza.from ?? '', this.#room)) {
      this.#occupants.push(stanza);
    }
    return false;
  }

  /** Whether a stanza belongs to the entry; what comes after the last one does not. */
  has(stanza: Stanza): boolean {
    if (this.#last !== undefined || !isJidOf(stanza.from, this.#room)) return false;
    return stanza.name === 'presence' || (stanza.name === 'message' && stanza.type === 'groupchat');
  }

  isLast(stanza: Stanza): boolean {
    return stanza === this.#last;
  }

  /** Whether the entry ends with a stanza: the subject comes last, an empty one too; an error refuses the entry. */
  #ends(stanza: Stanza): boolean {
    if (stanza.name === 'presence') return stanza.type === 'error';
    return (
      this.#self !== undefined &&
      stanza.getChild('subject') !== undefined &&
      stanza.getChild('body') === undefined
    );
  }

  joined(subject: Stanza): JoinedRoom {
    const codes = this.#self?.getChild('x', NS.mucUser)?.getChildren('status') ?? [];
    return {
      occupants: this.#occupants,
      history: this.#history,
      subject: subject.getChildText('subject'),
      isNew: codes.some(({ attrs }) => attrs['code'] === '201'),
    };
  }
}
