import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { nameOf } from './accounts.ts';
import type { Accounts } from './accounts.ts';
import { iqResult, stanzaError } from './answers.ts';
import { NS } from '../stanzas/namespaces.ts';

/**
 * In-band registration (XEP-0077 §3.1), and the change of a password (§3.3).
 *
 * @param own the name of the account that is logged in, if any
 */
export function register(iq: Element, accounts: Accounts, own?: string): Element {
  if (iq.attrs['type'] === 'get') {
    const fields = ['instructions', 'username', 'password'].map((name) => xml(name));
    return iqResult(iq, xml('query', { xmlns: NS.register }, ...fields));
  }
  const query = iq.getChild('query', NS.register);
  const username = (query?.getChildText('username') ?? '').trim();
  const password = query?.getChildText('password') ?? '';
  const isChange = own !== undefined && nameOf(username) === own && password !== '';
  switch (isChange ? accounts.change(own, password) : accounts.register(username, password)) {
    case 'created':
    case 'changed':
      return iqResult(iq);
    case 'conflict':
      return stanzaError(iq, 'cancel', 'conflict');
    case 'refused':
      return stanzaError(iq, 'modify', 'not-acceptable');
    case 'full':
      return stanzaError(iq, 'wait', 'resource-constraint');
  }
}

/** Whether a request cancels the client's own account (XEP-0077 §3.2). */
export function isCancellation(iq: Element): boolean {
  const query = iq.getChild('query', NS.register);
  return iq.attrs['type'] === 'set' && query?.getChild('remove') !== undefined;
}
