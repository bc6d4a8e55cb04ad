/**
 * A list without one of its items.
 *
 * @returns `undefined` when nothing is left, because nearly none of thousands of sessions needs such a list
 */
export function without<T>(list: readonly T[] | undefined, item: T): T[] | undefined {
  const left = list?.filter((each) => each !== item) ?? [];
  return left.length === 0 ? undefined : left;
}
