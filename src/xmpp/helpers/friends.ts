import { bareJid } from '../jid.ts';
import { and, isFrom, isIq, isPresence, rosterContains } from '../predicates.ts';
import { answerNow } from '../session/answers.ts';
import type { Session } from '../session/session.ts';
import type { Stanza } from '../stanza.ts';
import { NS } from '../stanzas/namespaces.ts';
import { get } from '../stanzas/roster.ts';
import { presence } from '../stanzas/presence.ts';

/**
 * Makes two accounts see each other's presence (RFC 6121 §3.1): both ask, both allow, and each ends up in the
 * other's roster with the subscription `both`. Both sessions must have sent presence.
 */
export async function befriend(first: Session, second: Session): Promise<void> {
  // Servers push roster changes only to sessions that have requested the roster (RFC 6121 §2.1.6).
  await Promise.all([first.sendIq(get()), second.sendIq(get())]);
  await subscribe(first, second);
  await subscribe(second, first);
  const both = (session: Session, friend: Session): Promise<unknown> =>
    session.waitForStanza(
      (stanza) =>
        isIq('set', NS.roster)(stanza) &&
        rosterContains(bareJid(friend.jid))(stanza) &&
        stanza.payload?.getChild('item')?.attrs['subscription'] === 'both',
    );
  await Promise.all([both(first, second), both(second, first)]);
}

async function subscribe(from: Session, to: Session): Promise<void> {
  const isAsked = and(isPresence('subscribe'), isFrom(bareJid(from.jid)));
  const asked = to.waitForStanza(isAsked);
  await from.send(presence.subscribe(bareJid(to.jid)));
  await asked;
  const isAllowed = and(isPresence('subscribed'), isFrom(bareJid(to.jid)));
  const allowed = from.waitForStanza(isAllowed);
  await to.send(presence.subscribed(bareJid(from.jid)));
  await allowed;
}

/**
 * Answers every roster push (RFC 6121 §2.1.6): also a push that a wait takes, and on a session that does not answer
 * requests by itself.
 */
export function answerPushes(session: Session): void {
  session.onStanza((stanza: Stanza) => {
    if (isIq('set', NS.roster)(stanza)) answerNow(session, stanza);
  });
}
