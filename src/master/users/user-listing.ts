import type { UserListing } from '../../control/views.ts';
import type { Result } from '../../protocol/messages.ts';

/** Merges the answers of all processes: the `limit` lowest ids, and errors that are alike as one kind. */
export function mergeListings(
  answers: readonly ({ name: string } & Result<'users'>)[],
  limit: number,
): UserListing {
  const kinds = new Map<string, UserListing['errors'][number]>();
  for (const { error, message, count } of answers.flatMap(({ errors }) => errors)) {
    const key = `${error}:${message.replace(/\d+/g, '#')}`;
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, { error, message, count });
    else known.count += count;
  }
  return {
    users: answers
      .flatMap(({ name, users }) => users.map((user) => ({ ...user, node: name })))
      .sort((a, b) => a.id - b.id)
      .slice(0, limit),
    errors: [...kinds.values()].sort((a, b) => b.count - a.count),
  };
}
