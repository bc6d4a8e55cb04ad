/** Maximum number of domains in one pattern; a domain for each user is written as `{id}`. */
const MAX_BUCKETS = 1_000_000;

const place = /\{id\}|\{bucket:(\d{1,7})\}/g;

/** Whether a domain has no `{…}` except those that {@link domainOfUser} fills. */
export function checkDomain(pattern: string): true | string {
  const isGood = [...pattern.matchAll(place)].every(
    ([, buckets = '1']) => Number(buckets) >= 1 && Number(buckets) <= MAX_BUCKETS,
  );
  return (
    (isGood && !/[{}]/.test(pattern.replace(place, ''))) ||
    'a domain; in braces it may have {id} and {bucket:N}, N from 1 to 1,000,000'
  );
}

/**
 * The domain of a user: `{id}` is the user's id, `{bucket:N}` a number from 1 to N that users take in turn.
 *
 * @example
 * domainOfUser('d{bucket:100}.example', 101); // 'd1.example'
 */
export function domainOfUser(pattern: string, id: number): string {
  if (!pattern.includes('{')) return pattern;
  return pattern.replace(place, (_, buckets: string | undefined) =>
    String(buckets === undefined ? id : ((id - 1) % Number(buckets)) + 1),
  );
}

/**
 * How far apart the ids of two users of one domain are: 1 when all users share one, N with `{bucket:N}`.
 *
 * @returns `undefined` when no two users have the same domain
 */
export function idsApart(pattern: string): number | undefined {
  if (pattern.includes('{id}')) return undefined;
  const buckets = [...pattern.matchAll(place)].map(([, count]) => Number(count));
  return buckets.reduce((common, count) => (common * count) / commonDivisor(common, count), 1);
}

function commonDivisor(one: number, other: number): number {
  return other === 0 ? one : commonDivisor(other, one % other);
}
