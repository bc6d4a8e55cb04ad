/** A number with groups: `12,345`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 user`, `2 users`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
