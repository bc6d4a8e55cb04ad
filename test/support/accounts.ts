import { resolveSettings } from '../../src/config/resolve.ts';
import { xmppVariables } from '../../src/xmpp/settings.ts';
import type { XmppSettings } from '../../src/xmpp/settings.ts';
import { connectOptions } from '../../src/xmpp/user/target.ts';
import { register } from '../../src/xmpp/login/connect.ts';
import { forAll } from './for-all.ts';
import { plainTarget } from './servers.ts';
import type { RealServer } from './servers.ts';
import { context } from './xmpp.ts';

/** Beside other tests a server may have next to nothing of the machine. */
const TIMEOUT = '3m';
const AT_ONCE = 20;

/** Registers `user_1` to `user_N` in a server, in band. */
export async function registerUsers(server: RealServer, count: number): Promise<void> {
  const environment = { ...plainTarget(server), AMOC_XMPP_TIMEOUT: TIMEOUT };
  const settings = resolveSettings(xmppVariables, { environment }, '') as XmppSettings;
  await forAll(count, AT_ONCE, async (id) => {
    await register(await connectOptions(settings, id, {}), context());
  });
}
