import { isJidOf } from '../jid.ts';
import { NS } from '../stanzas/namespaces.ts';
import type { Predicate } from './predicate.ts';

/** The session's own presence in a room, which says that it has entered (XEP-0045 §7.2.2, status 110). */
export function isSelfPresence(room?: string): Predicate {
  return (stanza) =>
    stanza.name === 'presence' &&
    (room === undefined || isJidOf(stanza.from, room)) &&
    (stanza.getChild('x', NS.mucUser)?.getChildren('status') ?? []).some(
      ({ attrs }) => attrs['code'] === '110',
    );
}
