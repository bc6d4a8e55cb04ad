import type { ConnectOptions } from '../connect-options.ts';
import { Negotiation } from './negotiation.ts';
import type { ConnectContext } from './connect-context.ts';
import { followHosts } from './see-other-host.ts';

/**
 * Performs a login up to where the server waits for it: the connection, TLS, the stream's features.
 *
 * @throws {ConnectError} naming the stage; the connection is dropped in either case
 */
export async function look(options: ConnectOptions, context: ConnectContext): Promise<void> {
  await followHosts(options, context.now, async (at) => {
    const negotiation = new Negotiation(at, context);
    await negotiation.race.run(() => negotiation.openOnly());
    negotiation.destroy();
  });
}
