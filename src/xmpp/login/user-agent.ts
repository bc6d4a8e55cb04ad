import { sha256 } from '../../lib/ids/sha256.ts';
import { xml } from '../element.ts';
import type { Element } from '../element.ts';

/** Equal for all logins of an account: tokens are bound to it (XEP-0388 §2.3, XEP-0484 §3.1). */
export function userAgentOf(account: string): Element {
  const hex = sha256(`amoc ${account}`);
  // A version 8 UUID (RFC 9562 §5.8).
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return xml('user-agent', { id }, xml('software', {}, 'amoc'));
}
