import { NS } from '../stanzas/namespaces.ts';
import type { Predicate } from './predicate.ts';

/** Stream management is enabled (XEP-0198 §3); with `resumable`, only when it can, or cannot, be resumed. */
export function isSmEnabled(resumable?: boolean): Predicate {
  return (stanza) => {
    if (stanza.name !== 'enabled') return false;
    const { resume } = stanza.attrs;
    return resumable === undefined || (resume === 'true' || resume === '1') === resumable;
  };
}

/** Stream management failed (XEP-0198 §3, §5); with `condition`, only with that one. */
export function isSmFailed(condition?: string): Predicate {
  return (stanza) =>
    stanza.name === 'failed' &&
    (condition === undefined || stanza.getChild(condition, NS.stanzas) !== undefined);
}

/** An acknowledgement (XEP-0198 §4); with `handled`, only of that count. */
export function isSmAck(handled?: number): Predicate {
  return (stanza) =>
    stanza.name === 'a' && (handled === undefined || Number(stanza.attrs['h']) === handled);
}

/** A request for an acknowledgement (XEP-0198 §4). */
export function isSmAckRequest(): Predicate {
  return ({ name }) => name === 'r';
}

/** A session was resumed (XEP-0198 §5); with `id`, only that one. */
export function isSmResumed(id?: string): Predicate {
  return (stanza) =>
    stanza.name === 'resumed' && (id === undefined || stanza.attrs['previd'] === id);
}
