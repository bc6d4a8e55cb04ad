import { and, isFrom, isPresence, isSelfPresence, or } from './predicates.ts';
import type { Predicate } from './predicates.ts';
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

/**
 * Enters a room and waits until one is in: for the own presence, the history and the subject, in the
 * order of XEP-0045 §7.1.
 *
 * @throws {StanzaError} when the room does not let one in
 */
export async function joinRoom(
  session: Session,
  room: string,
  nick: string,
  options: JoinOptions & StanzaWait = {},
): Promise<JoinedRoom> {
  const fromRoom = isFrom(room);
  const refused: Predicate = and(isPresence('error'), fromRoom);
  const answer = and(fromRoom, or(isSelfPresence(), refused));
  const self = await session.sendAndWait(join(room, nick, options), answer, options);
  if (self.type === 'error') throw stanzaErrorOf(self);
  // The room itself may be present too: some servers tell its avatar by that.
  const occupants = takeAll(session, and(isPresence('available'), fromRoom)).filter(
    ({ from }) => from !== room,
  );
  const codes = (self.getChild('x', NS.mucUser)?.getChildren('status') ?? []).map(({ attrs }) =>
    String(attrs['code']),
  );
  // The subject is the last that comes, empty when there is none.
  const isSubject: Predicate = (stanza) =>
    stanza.type === 'groupchat' &&
    fromRoom(stanza) &&
    stanza.getChild('subject') !== undefined &&
    stanza.getChild('body') === undefined;
  const last = await session.waitForStanza(isSubject, options);
  const history = takeAll(session, (stanza) => stanza.type === 'groupchat' && fromRoom(stanza));
  return {
    occupants,
    history,
    subject: last.getChildText('subject'),
    isNew: codes.includes('201'),
  };
}

/** Leaves out of the mailbox what fits. */
function takeAll(session: Session, predicate: Predicate): Stanza[] {
  const found: Stanza[] = [];
  for (;;) {
    const stanza = session.takeStanza(predicate);
    if (stanza === undefined) return found;
    found.push(stanza);
  }
}
