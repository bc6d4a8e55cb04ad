import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import type { Accounts } from './accounts.ts';
import { iqResult, stanzaError } from './answers.ts';
import { NS } from '../stanzas/namespaces.ts';

/** In-band registration, for one who is not logged in, and for one who makes an account for another (XEP-0077 §3.1). */
export function register(iq: Element, accounts: Accounts): Element {
  if (iq.attrs['type'] === 'get') {
    const fields = ['instructions', 'username', 'password'].map((name) => xml(name));
    return iqResult(iq, xml('query', { xmlns: NS.register }, ...fields));
  }
  const query = iq.getChild('query', NS.register);
  const username = (query?.getChildText('username') ?? '').trim();
  switch (accounts.register(username, query?.getChildText('password') ?? '')) {
    case 'created':
      return iqResult(iq);
    case 'conflict':
      return stanzaError(iq, 'cancel', 'conflict');
    case 'refused':
      return stanzaError(iq, 'modify', 'not-acceptable');
    case 'full':
      return stanzaError(iq, 'wait', 'resource-constraint');
  }
}

/** Whether somebody cancels the own account (XEP-0077 §3.2). */
export function isCancellation(iq: Element): boolean {
  const query = iq.getChild('query', NS.register);
  return iq.attrs['type'] === 'set' && query?.getChild('remove') !== undefined;
}
