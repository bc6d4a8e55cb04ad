import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { stanzaId } from '../ids.ts';
import { submit } from './forms.ts';
import type { FormValues } from './forms.ts';
import { iq, queryElement } from './iq.ts';
import { NS } from './namespaces.ts';

/** All builders take the service's JID first; `undefined` is the user's own account (PEP, XEP-0163). */
type Service = string | undefined;

const nodeConfig = 'http://jabber.org/protocol/pubsub#node_config';
const subscribeOptions = 'http://jabber.org/protocol/pubsub#subscribe_options';

function pubsub(type: 'get' | 'set', service: Service, ...children: Element[]): Element {
  return iq(type, xml('pubsub', { xmlns: NS.pubsub }, ...children), service);
}

function owner(type: 'get' | 'set', service: Service, ...children: Element[]): Element {
  return iq(type, xml('pubsub', { xmlns: NS.pubsubOwner }, ...children), service);
}

/** Asks for the nodes of a service, or those below a node (XEP-0060 §5.2). */
export function discoverNodes(service: Service, node?: string): Element {
  return iq('get', xml('query', { xmlns: NS.discoItems, node }), service);
}

/** Creates a node (XEP-0060 §8.1); without a name, the service chooses one. */
export function createNode(service: Service, node?: string, configuration?: FormValues): Element {
  const create = xml('create', { node });
  if (configuration === undefined) return pubsub('set', service, create);
  return pubsub('set', service, create, xml('configure', {}, submit(configuration, nodeConfig)));
}

/** Deletes a node (XEP-0060 §8.4). */
export function deleteNode(service: Service, node: string): Element {
  return owner('set', service, xml('delete', { node }));
}

/** Asks for the configuration of a node (XEP-0060 §8.2). */
export function configuration(service: Service, node: string): Element {
  return owner('get', service, xml('configure', { node }));
}

/** Configures a node (XEP-0060 §8.2). */
export function configure(service: Service, node: string, values: FormValues): Element {
  return owner('set', service, xml('configure', { node }, submit(values, nodeConfig)));
}

/** Asks for the default configuration of new nodes (XEP-0060 §8.3). */
export function defaultConfiguration(service: Service): Element {
  return owner('get', service, xml('default'));
}

/** Asks for the affiliations to a node (XEP-0060 §8.9). */
export function affiliations(service: Service, node: string): Element {
  return owner('get', service, xml('affiliations', { node }));
}

/** Changes affiliations to a node (XEP-0060 §8.9.2). */
export function setAffiliations(
  service: Service,
  node: string,
  byJid: Readonly<Record<string, string>>,
): Element {
  const items = Object.entries(byJid).map(([jid, affiliation]) =>
    xml('affiliation', { jid, affiliation }),
  );
  return owner('set', service, xml('affiliations', { node }, ...items));
}

/** Subscribes to a node (XEP-0060 §6.1). @param jid the JID that gets its events */
export function subscribe(
  service: Service,
  node: string,
  jid: string,
  options?: FormValues,
): Element {
  const request = xml('subscribe', { node, jid });
  if (options === undefined) return pubsub('set', service, request);
  const form = submit(options, subscribeOptions);
  return pubsub('set', service, request, xml('options', {}, form));
}

/** Ends a subscription (XEP-0060 §6.2). @param subid the subscription's id, when there are several */
export function unsubscribe(service: Service, node: string, jid: string, subid?: string): Element {
  return pubsub('set', service, xml('unsubscribe', { node, jid, subid }));
}

/** Accepts or refuses a pending subscription (XEP-0060 §8.6). */
export function answerSubscription(
  service: string,
  node: string,
  jid: string,
  allow: boolean,
): Element {
  const form = submit(
    { 'pubsub#node': node, 'pubsub#subscriber_jid': jid, 'pubsub#allow': allow },
    'http://jabber.org/protocol/pubsub#subscribe_authorization',
  );
  return xml('message', { to: service, id: stanzaId() }, form);
}

/** Asks for pending subscriptions to all nodes (XEP-0060 §8.7). */
export function pendingSubscriptions(service: Service): Element {
  const node = 'http://jabber.org/protocol/pubsub#get-pending';
  return iq('set', xml('command', { xmlns: NS.adhoc, node, action: 'execute' }), service);
}

/** Asks for the user's own subscriptions (XEP-0060 §5.6). */
export function subscriptions(service: Service, node?: string): Element {
  return pubsub('get', service, xml('subscriptions', { node }));
}

/** Asks for the options of a subscription (XEP-0060 §6.3.2). */
export function options(service: Service, node: string, jid: string): Element {
  return pubsub('get', service, xml('options', { node, jid }));
}

/** Changes the options of a subscription (XEP-0060 §6.3.5). */
export function setOptions(
  service: Service,
  node: string,
  jid: string,
  values: FormValues,
): Element {
  const form = submit(values, subscribeOptions);
  return pubsub('set', service, xml('options', { node, jid }, form));
}

/** Asks for the subscribers of a node (XEP-0060 §8.8.1). */
export function subscribers(service: Service, node: string): Element {
  return owner('get', service, xml('subscriptions', { node }));
}

/** Changes the subscribers of a node (XEP-0060 §8.8.2). */
export function setSubscribers(
  service: Service,
  node: string,
  byJid: Readonly<Record<string, 'subscribed' | 'pending' | 'none' | 'unconfigured'>>,
): Element {
  const items = Object.entries(byJid).map(([jid, subscription]) =>
    xml('subscription', { jid, subscription }),
  );
  return owner('set', service, xml('subscriptions', { node }, ...items));
}

/** What to publish. */
export interface Publication {
  /** @default the service's choice */
  id?: string;
  payload?: Element;
  /** The configuration that the node must have, or gets when this creates it (XEP-0060 §7.1.5). */
  options?: FormValues;
}

/** Publishes an item (XEP-0060 §7.1). */
export function publish(service: Service, node: string, what: Publication = {}): Element {
  const { id, payload, options: conditions } = what;
  const item = payload === undefined ? xml('item', { id }) : xml('item', { id }, payload);
  const publication = xml('publish', { node }, item);
  if (conditions === undefined) return pubsub('set', service, publication);
  const form = submit(conditions, 'http://jabber.org/protocol/pubsub#publish-options');
  return pubsub('set', service, publication, xml('publish-options', {}, form));
}

/** Retracts an item (XEP-0060 §7.2). */
export function retract(service: Service, node: string, id: string, notify = false): Element {
  const retraction = xml(
    'retract',
    { node, notify: notify ? 'true' : undefined },
    xml('item', { id }),
  );
  return pubsub('set', service, retraction);
}

/** Asks for items: the newest `max`, those with the given ids, or all (XEP-0060 §6.5). */
export function items(
  service: Service,
  node: string,
  { max, ids = [] }: { max?: number; ids?: readonly string[] } = {},
): Element {
  const wanted = ids.map((id) => xml('item', { id }));
  const most = max === undefined ? undefined : String(max);
  return pubsub('get', service, xml('items', { node, max_items: most }, ...wanted));
}

/** Removes all items (XEP-0060 §8.5). */
export function purge(service: Service, node: string): Element {
  return owner('set', service, xml('purge', { node }));
}

/** Any other request to a service (XEP-0060). */
export function request(type: 'get' | 'set', service: Service, ...children: Element[]): Element {
  return pubsub(type, service, ...children);
}

/** Any other request by a node's owner (XEP-0060 §8). */
export function ownerRequest(
  type: 'get' | 'set',
  service: Service,
  ...children: Element[]
): Element {
  return owner(type, service, ...children);
}

/** Asks for the features of a service (XEP-0060 §5.1). */
export function discoverFeatures(service: string): Element {
  return iq('get', queryElement(NS.discoInfo), service);
}
