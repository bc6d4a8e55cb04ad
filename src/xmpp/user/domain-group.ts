import { idsApart } from './domain-pattern.ts';
import { AmocError } from '../../lib/errors.ts';
import type { XmppUser } from './facet.ts';

/** Users of one domain that interact with each other. */
export interface DomainGroup {
  /** 1 for the first group of the domain; it can name the group's room. */
  readonly number: number;
  /** The domain of its users. */
  readonly domain: string;
  /** JIDs of its users, this user's own included, in the order of their ids. */
  readonly jids: readonly string[];
  /** JIDs of the other users. */
  readonly others: readonly string[];
}

/** What of a user decides its group. */
export type DomainUser = Pick<XmppUser, 'jid' | 'jidOf'> & {
  readonly id: number;
  readonly settings: object;
};

/**
 * The group of a user, when the users of each domain form groups of `size` by their ids.
 *
 * ```ts
 * const { others } = domainGroup(user, 2); // xmppDomain d{bucket:3}.example: users 1 and 4, 2 and 5, 3 and 6, 7 and 10 …
 * ```
 *
 * @throws {AmocError} `CONFIG` when no two users share a domain; `ARGUMENT` for a size below 1
 */
export function domainGroup(user: DomainUser, size: number): DomainGroup {
  if (!Number.isInteger(size) || size < 1) {
    throw new AmocError('ARGUMENT', `domainGroup: size is ${size}, not a whole number ≥ 1`);
  }
  const pattern = String((user.settings as Readonly<Record<string, unknown>>)['xmppDomain']);
  const apart = idsApart(pattern);
  if (apart === undefined) {
    throw new AmocError(
      'CONFIG',
      `xmppDomain ${pattern} gives each user a domain of its own; with {bucket:N} users share N domains`,
    );
  }
  const inDomain = Math.floor((user.id - 1) / apart);
  const group = Math.floor(inDomain / size);
  const first = user.id - (inDomain - group * size) * apart;
  const jids = Array.from({ length: size }, (_, at) => user.jidOf(first + at * apart));
  const { jid } = user;
  return {
    number: group + 1,
    domain: jid.slice(jid.indexOf('@') + 1),
    jids,
    others: jids.filter((each) => each !== jid),
  };
}
