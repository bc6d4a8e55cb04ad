import type { Element } from '../element.ts';
import { stanzaId } from '../ids.ts';
import type { Session } from '../session/session.ts';
import type { StanzaWait } from '../session/session-parts.ts';
import { query } from '../stanzas/mam.ts';
import type { ArchiveFilter } from '../stanzas/mam.ts';
import type { Page } from '../stanzas/rsm.ts';
import { NS } from '../stanzas/namespaces.ts';

/** A message from an archive (XEP-0313 §4.2). */
export interface ArchivedMessage {
  /** The archive's id of the message. */
  id: string;
  /** When the archive received the message. */
  at: Date | undefined;
  message: Element;
}

/** What to read from an archive. */
export interface ArchiveOptions extends ArchiveFilter, StanzaWait {
  /** JID whose archive is read; the user's own when left out. */
  archive?: string;
  /** Messages requested per page. @default 50 */
  pageSize?: number;
  /** Ends after this many messages. */
  limit?: number;
}

/** Which page to read from an archive. */
export interface ArchivePageOptions extends ArchiveFilter, Page, StanzaWait {
  /** JID whose archive is read: a room's, for instance. @default the user's own */
  archive?: string;
}

/** A page of an archive (XEP-0313 §4.3, XEP-0059 §2). */
export interface ArchivePage {
  /** Oldest first. */
  messages: ArchivedMessage[];
  /** The archive's id of the page's first message; `before` takes it to read the previous page. */
  first: string | undefined;
  /** The archive's id of the page's last message; `after` takes it to read the next page. */
  last: string | undefined;
  /** Index of the page's first message in the complete result; some servers leave it out. */
  index: number | undefined;
  /** Number of messages in the complete result; some servers leave it out. */
  count: number | undefined;
  /** Whether this is the last page in its direction. */
  complete: boolean;
}

/**
 * Reads one page of an archive (XEP-0313 §4): `readArchivePage(session, { before: '', max: 20 })` reads the
 * newest twenty messages. The server's own limit applies when `max` is left out.
 *
 * @throws {StanzaError} when the archive refuses the query
 */
export async function readArchivePage(
  session: Session,
  options: ArchivePageOptions = {},
): Promise<ArchivePage> {
  const queryId = stanzaId();
  const messages: ArchivedMessage[] = [];
  const stop = session.intercept((stanza) => {
    const result = stanza.name === 'message' ? stanza.getChild('result', NS.mam) : undefined;
    if (result?.attrs['queryid'] !== queryId) return false;
    messages.push(archivedIn(result));
    return true;
  });
  let fin: Element | undefined;
  try {
    fin = (await session.sendIq(query({ ...options, queryId }), options)).payload;
  } finally {
    stop();
  }
  const set = fin?.getChild('set', NS.rsm);
  const first = set?.getChild('first');
  return {
    messages,
    first: first?.text() ?? undefined,
    last: set?.getChildText('last') ?? undefined,
    index: numberIn(first?.attrs['index'] as string | undefined),
    count: numberIn(set?.getChildText('count') ?? undefined),
    complete: isTrue(fin?.attrs['complete'] as string | undefined),
  };
}

/**
 * Reads an archive page by page, oldest message first (XEP-0313 §4, XEP-0059 §2.2):
 * `for await (const { message } of readArchive(session, { with: jid })) …`
 *
 * @throws {StanzaError} when the archive refuses a query
 */
export async function* readArchive(
  session: Session,
  options: ArchiveOptions = {},
): AsyncGenerator<ArchivedMessage, void, void> {
  const { pageSize = 50, limit = Infinity } = options;
  let after: string | undefined;
  let given = 0;
  while (given < limit) {
    const { messages, last, complete } = await readArchivePage(session, {
      ...options,
      max: Math.min(pageSize, limit - given),
      ...(after === undefined ? {} : { after }),
    });
    yield* messages;
    given += messages.length;
    after = last;
    if (complete || messages.length === 0 || after === undefined) return;
  }
}

function numberIn(text: string | undefined): number | undefined {
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

/** A boolean of XML Schema. */
function isTrue(text: string | undefined): boolean {
  return text === 'true' || text === '1';
}

function archivedIn(result: Element): ArchivedMessage {
  const forwarded = result.getChild('forwarded', NS.forward);
  const stamp = forwarded?.getChild('delay', NS.delay)?.attrs['stamp'] as string | undefined;
  return {
    id: String(result.attrs['id']),
    at: stamp === undefined ? undefined : new Date(stamp),
    message: forwarded?.getChild('message') as Element,
  };
}
