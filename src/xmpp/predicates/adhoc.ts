import { NS } from '../stanzas/namespaces.ts';
import type { Predicate } from './predicate.ts';

/** The answer to a command (XEP-0050 §3); with `node` or `status`, only one with these. */
export function isCommandAnswer(node?: string, status?: string): Predicate {
  return (stanza) => {
    const command = stanza.name === 'iq' ? stanza.getChild('command', NS.adhoc) : undefined;
    if (command === undefined) return false;
    const { attrs } = command;
    return (
      (node ?? attrs['node']) === attrs['node'] && (status ?? attrs['status']) === attrs['status']
    );
  };
}
