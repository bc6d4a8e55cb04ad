import { isJidOf } from '../jid.ts';
import { NS } from '../stanzas/namespaces.ts';
import type { Predicate } from './predicate.ts';

/** A stanza from `jid`; a bare JID matches all its resources. First tag alone. */
export function isFrom(jid: string): Predicate {
  return ({ from }) => isJidOf(from, jid);
}

/** A stanza to `jid`; a bare JID matches all its resources. First tag alone. */
export function isTo(jid: string): Predicate {
  return ({ to }) => isJidOf(to, jid);
}

/** A stanza of that type; first tag alone. */
export function hasType(type: string): Predicate {
  return (stanza) => stanza.type === type;
}

/** A stanza with that id; first tag alone. */
export function hasId(id: string): Predicate {
  return (stanza) => stanza.id === id;
}

/** A stanza with such a child. */
export function hasChild(name: string, xmlns?: string): Predicate {
  return (stanza) => stanza.getChild(name, xmlns) !== undefined;
}

/** A stanza that has that namespace, or has a payload of that namespace. */
export function hasNs(xmlns: string): Predicate {
  return ({ element }) =>
    element.getNS() === xmlns ||
    element.getChildElements().some((child) => child.getNS() === xmlns);
}

/** A stanza error (RFC 6120 §8.3.2); with `type` or `condition`, only one with these. */
export function isError(type?: string, condition?: string): Predicate {
  return (stanza) => {
    if (stanza.type !== 'error') return false;
    const error = stanza.getChild('error');
    if (type !== undefined && error?.attrs['type'] !== type) return false;
    return condition === undefined || error?.getChild(condition, NS.stanzas) !== undefined;
  };
}
