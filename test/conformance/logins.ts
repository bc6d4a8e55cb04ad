import { presence, isPresence } from '../../src/index.ts';
import type { Session } from '../../src/index.ts';
import type { StoryOptions } from '../../src/xmpp/user/story.ts';
import type { UserConnectOptions } from '../../src/xmpp/user/target.ts';
import type { Place } from './place.ts';

/** Logs in to the account of a session once more, as another client that is not available yet. */
export type LogIn = (session: Session, options?: UserConnectOptions) => Promise<Session>;

/** A story of accounts that log in more than once. */
export async function storyOfClients(
  place: Place,
  users: number,
  tell: (logIn: LogIn, ...sessions: Session[]) => Promise<unknown>,
  options: StoryOptions = {},
): Promise<void> {
  const accounts = new Map<Session, { username: string; password: string }>();
  const opened: Session[] = [];
  const logIn: LogIn = async (session, more = {}) => {
    const again = await place.logIn({ resource: 'again', ...accounts.get(session), ...more });
    opened.push(again);
    return again;
  };
  await place.story(
    users,
    async (...sessions: Session[]) => {
      try {
        await tell(logIn, ...sessions);
      } finally {
        await Promise.all(opened.map((session) => session.close()));
      }
    },
    { ...options, onAccount: (session, account) => accounts.set(session, account) },
  );
}

/** Becomes available, or changes what is shown, and waits until the server has taken it. */
export async function show(
  session: Session,
  options: Parameters<typeof presence>[0] = {},
): Promise<void> {
  await session.sendAndWait(
    presence(options),
    ({ name, from, type }) => name === 'presence' && type === undefined && from === session.jid,
  );
}

/** Waits until a session is told that another one is there, or is no more. */
export function seesPresence(session: Session, jid: string, type = 'available'): Promise<unknown> {
  return session.waitForStanza((stanza) => isPresence(type)(stanza) && stanza.from === jid);
}
