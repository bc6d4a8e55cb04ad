import type { Element } from '../element.ts';
import { stanzaError } from './answers.ts';
import { NS } from '../stanzas/namespaces.ts';

/** Features that other servers have, by the namespace of the request. */
const names: Readonly<Record<string, string>> = {
  [NS.adhoc]: 'commands',
  [NS.blocking]: 'blocking',
  [NS.carbons]: 'carbons',
  [NS.httpUpload]: 'uploads',
  [NS.inbox]: 'inbox',
  [NS.last]: 'last activity',
  [NS.mam]: 'archive',
  [NS.mucAdmin]: 'affiliations and roles in rooms',
  [NS.mucLight]: 'light rooms',
  [NS.privacy]: 'privacy lists',
  [NS.privateStorage]: 'private storage',
  [NS.pubsub]: 'PubSub',
  [NS.pubsubOwner]: 'PubSub',
  [NS.push]: 'push notifications',
  [NS.search]: 'search for people',
  [NS.tokenAuth]: 'tokens',
  [NS.vcard]: 'vCards',
};

/** The answer to a request that this server cannot handle: it names the missing feature, and what to set. */
export function missing(request: Element): Element {
  if (request.name !== 'iq') return stanzaError(request, 'cancel', 'service-unavailable');
  const xmlns = request.getChildElements()[0]?.getNS() ?? '';
  const known = Object.keys(names).find((name) => xmlns === name || xmlns.startsWith(`${name}#`));
  const what = known === undefined ? `answer to ${xmlns || 'that'}` : names[known];
  return stanzaError(request, 'cancel', 'service-unavailable', lacks(what as string));
}

/** The sentence for a person who misses a feature. */
export function lacks(what: string): string {
  return `the embedded server has no ${what}; set AMOC_XMPP_HOST`;
}
