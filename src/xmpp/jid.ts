const SLASH = 0x2f;
const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
const LOWER_A_MINUS_UPPER_A = 0x20;
const LAST_ASCII = 0x7f;

/** The bare JID of a full one. */
export function bareJid(jid: string): string {
  const slash = jid.indexOf('/');
  return slash < 0 ? jid : jid.slice(0, slash);
}

/**
 * A JID as servers prepare it before a comparison: account and domain in lower case, and everything in one
 * Unicode normalization form (RFC 7622 §3; RFC 6122's stringprep agrees for these).
 */
export function prepareJid(jid: string): string {
  const slash = jid.indexOf('/');
  const bare = slash < 0 ? jid : jid.slice(0, slash);
  return fold(bare) + (slash < 0 ? '' : jid.slice(slash).normalize('NFKC'));
}

/** Whether two JIDs are equal. */
export function isSameJid(a: string, b: string): boolean {
  return a === b || matches(a, b, false);
}

/** Whether `jid` is `wanted` or, when `wanted` is a bare JID, one of its resources. */
export function isJidOf(jid: string | undefined, wanted: string): boolean {
  if (jid === undefined || jid === wanted) return jid === wanted;
  return matches(jid, wanted, true);
}

/**
 * Compares letter by letter while both are ASCII, as nearly all are: a receiver calls this for each stanza.
 */
function matches(jid: string, wanted: string, takesResources: boolean): boolean {
  let isResource = false;
  for (let at = 0; ; at++) {
    // Beyond the end the code is NaN, which is neither equal nor greater.
    const left = jid.charCodeAt(at);
    const right = wanted.charCodeAt(at);
    if (left > LAST_ASCII || right > LAST_ASCII)
      return matchesPrepared(jid, wanted, takesResources);
    if (left === right || (!isResource && lower(left) === lower(right))) {
      if (left === SLASH) isResource = true;
      continue;
    }
    if (at >= jid.length && at >= wanted.length) return true;
    return takesResources && !isResource && left === SLASH && at >= wanted.length;
  }
}

function matchesPrepared(jid: string, wanted: string, takesResources: boolean): boolean {
  const [own, other] = [prepareJid(jid), prepareJid(wanted)];
  if (own === other) return true;
  return takesResources && !other.includes('/') && own.startsWith(`${other}/`);
}

function lower(code: number): number {
  return code >= UPPER_A && code <= UPPER_Z ? code + LOWER_A_MINUS_UPPER_A : code;
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFKC');
}
