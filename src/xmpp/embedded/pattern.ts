/** The id in a name that follows a pattern: `user_{id}` and `user_7` give `'7'`. */
export function patternId(pattern: string, name: string): string | undefined {
  const at = pattern.indexOf('{id}');
  if (at < 0) return name === pattern ? '' : undefined;
  const before = pattern.slice(0, at);
  const after = pattern.slice(at + 4);
  if (!name.startsWith(before) || !name.endsWith(after)) return undefined;
  const id = name.slice(before.length, name.length - after.length);
  return /^[1-9]\d{0,9}$/.test(id) ? id : undefined;
}
