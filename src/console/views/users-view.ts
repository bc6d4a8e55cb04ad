import type { UserListing } from '../../control/views.ts';
import type { Paint } from './paint.ts';
import { brief, errorTable, table } from './render.ts';

/** `users()`. */
export function renderUsers({ users, errors }: UserListing, paint: Paint): string {
  if (users.length === 0 && errors.length === 0) return '  no users';
  const rows = users.map(({ id, node, state, repetitions, error = '' }) => [
    String(id),
    node,
    state,
    String(repetitions),
    brief(error),
  ]);
  const parts: string[] = [];
  if (rows.length > 0) {
    parts.push(table(['user', 'process', 'state', 'repetitions', 'error'], rows, paint, [0, 3]));
  }
  if (errors.length > 0) parts.push(errorTable(errors, paint));
  return parts.join('\n');
}
