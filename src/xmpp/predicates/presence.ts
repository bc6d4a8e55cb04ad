import type { Predicate } from './predicate.ts';

/** Any presence; with `type`, only of that type (`available`: a presence without a type); first tag alone. */
export function isPresence(type?: string): Predicate {
  return ({ name, type: its = 'available' }) =>
    name === 'presence' && (type === undefined || its === type);
}

/** A presence with that `show`: `away`, `dnd` … */
export function isPresenceWithShow(show: string): Predicate {
  return presenceWith('show', show);
}

/** A presence with that status. */
export function isPresenceWithStatus(status: string): Predicate {
  return presenceWith('status', status);
}

/** A presence with that priority. */
export function isPresenceWithPriority(priority: number): Predicate {
  return presenceWith('priority', String(priority));
}

function presenceWith(child: string, text: string): Predicate {
  return (stanza) => stanza.name === 'presence' && stanza.getChildText(child) === text;
}
