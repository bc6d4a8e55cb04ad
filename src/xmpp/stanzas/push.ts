import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { submit } from './forms.ts';
import type { FormValues } from './forms.ts';
import { iq } from './iq.ts';
import { NS } from './namespaces.ts';

/** Tells the server where to push to (XEP-0357 §5). */
export function enable(service: string, node: string, options?: FormValues): Element {
  const inner =
    options === undefined
      ? []
      : [submit(options, `http://jabber.org/protocol/pubsub#publish-options`)];
  return iq('set', xml('enable', { xmlns: NS.push, jid: service, node }, ...inner));
}

/** Ends the pushes to a node, or to all nodes of the service when none is named (XEP-0357 §6). */
export function disable(service: string, node?: string): Element {
  return iq('set', xml('disable', { xmlns: NS.push, jid: service, node }));
}
