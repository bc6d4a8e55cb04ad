import type { DriverContext, DriverRun } from '../../drivers/mod.ts';
import { XmppFacet } from './facet.ts';
import { XmppRun } from './run.ts';

/** XMPP in one run and one process. */
export function open(context: DriverContext): DriverRun<XmppFacet> {
  const run = new XmppRun(context);
  return {
    facet: (host) => new XmppFacet(run, host),
    get openConnections() {
      return context.metrics.gauge('connections_open').value;
    },
    // Each user closes its own sessions.
    [Symbol.dispose]() {},
  };
}
