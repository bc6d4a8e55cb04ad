import { StanzaTimeout } from '../errors.ts';
import { isJidOf, isSameJid } from '../jid.ts';
import { isSelfPresence } from '../predicates.ts';
import type { Predicate } from '../predicates.ts';
import { mailboxOf } from '../session/session.ts';
import type { Session } from '../session/session.ts';
import { timeoutOf } from '../session/waits.ts';
import type { StanzaWait } from '../session/session-parts.ts';
import type { Stanza } from '../stanza.ts';
import { stanzaErrorOf } from '../stanza-errors.ts';
import { join } from '../stanzas/muc.ts';
import type { JoinOptions } from '../stanzas/muc.ts';
import { NS } from '../stanzas/namespaces.ts';

/** A room that the session has entered. */
export interface JoinedRoom {
  /** Presences of the occupants that were in the room already. */
  occupants: Stanza[];
  /** Earlier messages, oldest first. */
  history: Stanza[];
  subject: string | undefined;
  /** Whether the entry created the room (XEP-0045 §10.1, status 201): it may have to be configured. */
  isNew: boolean;
}

/** What a room answers until its owner has configured it (XEP-0045 §10.1.3). */
const LOCKED = 'item-not-found';
const LOCKED_RETRY_MS = 250;

/**
 * Enters a room and waits until the entry is complete: for the own presence, the history and the subject, in
 * the order of XEP-0045 §7.1. If the room's owner has yet to configure it, waits for that, too.
 *
 * @throws {StanzaError} when the room refuses the entry
 * @throws {StanzaTimeout} when the entry is not complete in time
 */
export async function joinRoom(
  session: Session,
  room: string,
  nick: string,
  options: JoinOptions & StanzaWait = {},
): Promise<JoinedRoom> {
  const what = `entry into ${room} as ${nick}`;
  const mailbox = mailboxOf(session);
  const until = mailbox.now() + timeoutOf(options);
  for (;;) {
    const entry = new Entry(room);
    const isLast: Predicate = (stanza) => entry.isLast(stanza);
    // Handlers of the scenario may take any of these stanzas, so they are looked at first.
    const ends = [
      session.intercept((stanza) => entry.sees(stanza)),
      mailbox.prefer(isLast),
      mailbox.collect((stanza) => entry.has(stanza)),
    ];
    let last: Stanza;
    try {
      const timeout = Math.max(0, until - mailbox.now());
      last = await session.sendAndWait(join(room, nick, options), isLast, { timeout, what });
    } catch (error) {
      throw error instanceof StanzaTimeout ? new StanzaTimeout(what, timeoutOf(options)) : error;
    } finally {
      for (const end of ends) end();
    }
    if (last.type !== 'error') return entry.joined(last);
    const error = stanzaErrorOf(last, `the ${what}`);
    if (error.condition !== LOCKED || mailbox.now() + LOCKED_RETRY_MS > until) throw error;
    await mailbox.pause(LOCKED_RETRY_MS);
  }
}

/** What a room sends until the entry is complete. */
class Entry {
  readonly #room: string;
  #self: Stanza | undefined;
  #last: Stanza | undefined;
  readonly #occupants: Stanza[] = [];
  readonly #history: Stanza[] = [];

  constructor(room: string) {
    this.#room = room;
  }

  /** Notes a stanza that belongs to the entry. @returns `false`, so that others get it too */
  sees(stanza: Stanza): false {
    if (!this.has(stanza)) return false;
    if (this.#ends(stanza)) this.#last = stanza;
    else if (stanza.name === 'message') this.#history.push(stanza);
    else if (isSelfPresence()(stanza)) this.#self = stanza;
    // The room itself may be present too: some servers announce its avatar that way.
    else if (stanza.type === undefined && !isSameJid(stanza.from ?? '', this.#room)) {
      this.#occupants.push(stanza);
    }
    return false;
  }

  /** Whether a stanza belongs to the entry; one that comes after the last does not. */
  has(stanza: Stanza): boolean {
    if (this.#last !== undefined || !isJidOf(stanza.from, this.#room)) return false;
    return stanza.name === 'presence' || (stanza.name === 'message' && stanza.type === 'groupchat');
  }

  isLast(stanza: Stanza): boolean {
    return stanza === this.#last;
  }

  /**
   * Whether a stanza ends the entry: the subject comes last, also an empty one; an error refuses the entry.
   */
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
