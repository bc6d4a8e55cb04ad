import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
/** Characters that URLs give a meaning to, or leave out, are not allowed in a name. */
const FOREIGN = /(?![\w.-])[\0-\x7f]/;
const MAX_CHARACTERS = 253;

/**
 * A host as certificates name it: a DNS name in ASCII, lower case, perhaps with `*` as its first label; or an IP
 * address, an IPv6 address in its shortest form (RFC 5952).
 *
 * @param given may be an international name, have a full stop at its end, or the brackets of a URL
 * @returns `undefined` when it is neither
 */
export function dnsNameOf(given: string): string | undefined {
  const bare = given.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(bare);
  if (version === 4) return bare;
  // A zone (fe80::1%eth0) has a meaning on one machine only.
  if (version === 6) {
    return URL.canParse(`http://[${bare}]`)
      ? new URL(`http://[${bare}]`).hostname.slice(1, -1)
      : undefined;
  }
  const wildcard = given.startsWith('*.') ? '*.' : '';
  const name = domainToASCII(given.slice(wildcard.length)).replace(/\.$/, '');
  if (FOREIGN.test(given.slice(wildcard.length))) return undefined;
  const labels = name.split('.');
  const isName =
    name.length + wildcard.length <= MAX_CHARACTERS &&
    labels.every((label) => LABEL.test(label)) &&
    // A name that ends in a number is a mistyped address.
    !/^\d+$/.test(labels.at(-1) ?? '');
  return isName ? wildcard + name : undefined;
}
