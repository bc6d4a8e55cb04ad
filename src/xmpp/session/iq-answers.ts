import type { Element } from '../element.ts';
import { bareJid, isJidOf, isSameJid } from '../jid.ts';
import type { Stanza } from '../stanza.ts';

/** A request that awaits its answer. */
export interface PendingIq {
  /** Called without an answer when none came in time. */
  resolve: (answer: Stanza | undefined) => void;
  reject: (error: unknown) => void;
  cancel: () => void;
  sentAt: number;
  to: string | undefined;
}

/**
 * Whether an answer comes from the entity that the request was sent to. For a request without an address
 * that is the server or the own account, by whatever name (RFC 6120 §8.1.2.1).
 *
 * @param jid the session's JID
 */
export function mayAnswer(from: string | undefined, to: string | undefined, jid: string): boolean {
  if (from === undefined || from === to) return true;
  const own = bareJid(jid);
  if (to !== undefined) return isSameJid(from, to) || (isSameJid(to, own) && isJidOf(from, own));
  const domain = own.slice(own.indexOf('@') + 1);
  return isSameJid(from, domain) || isJidOf(from, own);
}

/** The request as errors name it: `the get of jabber:iq:version`. */
export function requestText(iq: Element): string {
  const [payload] = iq.getChildElements();
  const what = payload?.getNS() ?? payload?.name ?? 'nothing';
  return `the ${String(iq.attrs['type'])} of ${what}`;
}
