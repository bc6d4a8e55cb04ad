import {
  blocking,
  chatTo,
  groupchatTo,
  handle,
  isChatMessage,
  isGroupchatMessage,
  isPresence,
  isPresenceWithStatus,
  joinRoom,
  muc,
  presence,
  readArchivePage,
  roster,
  uploadFile,
  vcard,
} from 'amoc';
import type { Session, User, Variables } from 'amoc';

const interval = (what: string, value: string) =>
  ({
    description: `time between two ${what} of a user; 0: none`,
    default: value,
    unit: 'duration',
  }) as const;

export const variables = {
  stay: { description: 'how long a user stays', default: '5m', unit: 'duration' },
  chatEvery: interval('messages to another user', '15s'),
  roomEvery: interval('messages to its room', '30s'),
  presenceEvery: interval('changes of presence', '1m'),
  rosterEvery: interval('changes and reads of its roster', '2m'),
  vcardEvery: interval('changes and reads of its vCard', '3m'),
  blockEvery: interval('blocks and unblocks of another', '3m'),
  archiveEvery: interval('looks into its archive', '1m'),
  uploadEvery: interval('uploads of a file', '2m'),
  cutEvery: interval('losses of its connection', '3m'),
  rooms: {
    description: "service of the rooms; empty: conference., followed by the users' domain",
    default: '',
  },
  roomSize: { description: 'users in one room', default: 10 },
  uploads: {
    description: "service that takes files; empty: upload., followed by the users' domain",
    default: '',
  },
  fileSize: { description: 'bytes of a file', default: 50_000 },
} satisfies Variables;

/**
 * A mix of what people do: private chat, a room, presence, roster, vCard, blocking, archive, files, and now and then
 * the connection is lost. Each kind has its own interval, and begins at a random time within it.
 */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const { settings, metrics, random } = user;
  const domain = user.jid.slice(user.jid.indexOf('@') + 1);
  const room = `mixed_${Math.ceil(id / settings.roomSize)}@${settings.rooms || `conference.${domain}`}`;
  const uploads = settings.uploads || `upload.${domain}`;
  const nick = `user_${id}`;
  const friend = user.jidOf(id % 2 === 0 ? id - 1 : id + 1);

  const session = await user.connect({ reconnect: { first: '200ms', most: '10s' } });
  await session.enableStreamManagement();
  await session.sendIq(roster.get());
  await session.send(presence());
  const { isNew } = await user.timed('room_join', () => {
    return joinRoom(session, room, nick, { history: 0, timeout: '30s' });
  });
  if (isNew) await session.sendIq(muc.configure(room));
  const count = (name: string) => () => metrics.counter(name).add();
  handle(
    session,
    [
      { received: isChatMessage(), action: count('chats_received') },
      { received: isGroupchatMessage(), action: count('room_messages_received') },
      // Left to `change`, which waits for the user's own presence.
      { received: isPresence(), action: () => (count('presences_received')(), false) },
      { sent: isChatMessage(), action: count('chats_sent') },
    ],
    { unhandled: user },
  );
  session.keepOnly('none');
  session.onReconnect(({ resumed }) => {
    count(resumed ? 'reconnects_resumed' : 'reconnects_anew')();
    if (resumed) return;
    void session.send(presence());
    void session.send(muc.join(room, nick, { history: 0 }));
  });

  const entry = (every: number, what: (due: number, at: number) => Promise<unknown>) => ({
    count: every === 0 ? 0 : Math.max(1, Math.floor(settings.stay / every)),
    every,
    do: what,
  });
  await user.timetable([
    entry(settings.chatEvery, (since, at) => session.send(chatTo(friend, `chat ${at}`, { since }))),
    entry(settings.roomEvery, (since, at) => {
      return session.send(groupchatTo(room, `room ${at}`, { since }));
    }),
    entry(settings.presenceEvery, (_, at) => change(user, session, `round ${at}`)),
    entry(settings.rosterEvery, async (_, at) => {
      const contact = { jid: friend, name: `friend ${at}`, groups: [random.pick(['a', 'b'])] };
      await user.timed('roster_set', () => session.sendIq(roster.add(contact)));
      await user.timed('roster_get', () => session.sendIq(roster.get()));
    }),
    entry(settings.vcardEvery, async (_, at) => {
      await user.timed('vcard_set', () => session.sendIq(vcard.set({ FN: `user ${id}, ${at}` })));
      await user.timed('vcard_get', () => session.sendIq(vcard.get()));
    }),
    entry(settings.blockEvery, async () => {
      const stranger = `stranger_${id}@${domain}`;
      await user.timed('block', () => session.sendIq(blocking.block(stranger)));
      await user.timed('unblock', () => session.sendIq(blocking.unblock(stranger)));
    }),
    entry(settings.archiveEvery, async () => {
      const page = await user.timed('archive_page', () => {
        return readArchivePage(session, { with: friend, before: '', max: 20 });
      });
      metrics.counter('archived_messages_read').add(page.messages.length);
    }),
    entry(settings.uploadEvery, async (_, at) => {
      const file = { name: `file_${id}_${at}.bin`, size: settings.fileSize };
      const { getUrl } = await uploadFile(session, uploads, file, user);
      await session.send(chatTo(friend, getUrl));
    }),
    entry(settings.cutEvery, async (_, at) => {
      session.cut();
      await user.timed('back_after_cut', () => change(user, session, `back ${at}`));
    }),
  ]);
}

/** Changes the presence, and waits until the server has sent it back to the user. */
function change(user: User, session: Session, status: string): Promise<unknown> {
  const show = user.random.pick(['away', 'chat', 'dnd', 'xa'] as const);
  const isOwn = isPresenceWithStatus(status);
  return session.sendAndWait(presence({ show, status }), (stanza) => {
    return stanza.from === session.jid && isOwn(stanza);
  });
}
