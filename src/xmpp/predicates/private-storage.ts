import { NS } from '../stanzas/namespaces.ts';
import { isIq } from './iq.ts';
import type { Predicate } from './predicate.ts';

/** The answer to a request for a stored element (XEP-0049 §3.2). */
export function isPrivateResult(): Predicate {
  return isIq('result', NS.privateStorage);
}

/** An error about private storage. */
export function isPrivateError(): Predicate {
  return isIq('error', NS.privateStorage);
}
