import { processEnvironment } from '../../lib/system/environment.ts';
import { randomBytes } from 'node:crypto';
import { xmppVariables } from '../settings.ts';
import type { XmppSettings } from '../settings.ts';
import { resolveSettings } from '../../config/resolve.ts';
import { systemClock } from '../../lib/time/clock.ts';
import type { ConnectContext } from '../login/connect.ts';
import { connect, register } from '../login/connect.ts';
import { isPresence } from '../predicates.ts';
import type { Session } from '../session/session.ts';
import { presence } from '../stanzas/presence.ts';
import { removeAccount } from '../stanzas/register.ts';
import { connectOptions } from './target.ts';
import type { UserConnectOptions } from './target.ts';

/** How a story's users connect, and what they send first. */
export interface StoryOptions extends Omit<UserConnectOptions, 'username' | 'password'> {
  /** Settings in addition to those of the environment (`AMOC_XMPP_…`). */
  settings?: Partial<XmppSettings>;
  /** Whether the users are available before the story begins. @default true */
  presence?: boolean;
  /** Called with each account that was created. */
  onAccount?: (session: Session, account: { username: string; password: string }) => void;
}

/** One session for each user of the story. */
type Sessions<N extends number, List extends Session[] = []> = number extends N
  ? Session[]
  : List['length'] extends N
    ? List
    : Sessions<N, [...List, Session]>;

/**
 * Tests a server with new users: registers them in-band, logs them in, makes them available, runs the story,
 * and removes their accounts again, however it ends.
 *
 * ```ts
 * await story(2, async (alice, bob) => {
 *   await alice.send(chatTo(bob.jid, 'hi'));
 *   await bob.waitForStanza(isChatMessage('hi'));
 * });
 * ```
 *
 * The environment names the server: `AMOC_XMPP_HOST` and the like.
 */
export async function story<N extends number>(
  users: N,
  tell: (...sessions: Sessions<N>) => Promise<unknown>,
  options: StoryOptions = {},
): Promise<void> {
  const { settings = {}, presence: isAvailable = true, onAccount, ...connecting } = options;
  const environment = resolveSettings(
    xmppVariables,
    { environment: processEnvironment(), call: settings },
    '',
  ) as XmppSettings;
  const run = randomBytes(4).toString('hex');
  const sessions: Session[] = [];
  try {
    for (let id = 1; id <= users; id++) {
      const account = { username: `story_${run}_${id}`, password: randomBytes(12).toString('hex') };
      const target = await connectOptions(environment, id, {
        ...connecting,
        ...account,
      });
      await register(target, context());
      const session = await connect(target, context());
      sessions.push(session);
      onAccount?.(session, account);
      if (isAvailable) await session.sendAndWait(presence(), isPresence('available'));
    }
    await tell(...(sessions as Sessions<N>));
  } finally {
    await Promise.all(sessions.map(removeUser));
  }
}

async function removeUser(session: Session): Promise<void> {
  // Some servers close the stream in place of an answer.
  if (session.isOpen) await session.sendIq(removeAccount(), { timeout: '2s' }).catch(() => {});
  await session.close();
}

function context(): ConnectContext {
  const nothing = (): void => {};
  return {
    observer: {
      sent: nothing,
      received: nothing,
      delivered: nothing,
      answered: nothing,
      dropped: nothing,
      connected: nothing,
      lost: nothing,
      delayed: nothing,
    },
    schedule: (delayMs, callback) => systemClock.schedule(delayMs, callback),
    now: () => systemClock.monotonic(),
  };
}
