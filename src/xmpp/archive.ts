import type { Element } from './element.ts';
import { stanzaId } from './ids.ts';
import type { Session } from './session.ts';
import type { StanzaWait } from './session-parts.ts';
import { query } from './stanzas/mam.ts';
import type { ArchiveFilter } from './stanzas/mam.ts';
import type { Page } from './stanzas/rsm.ts';
import { NS } from './stanzas/namespaces.ts';

/** A message out of an archive (XEP-0313 §4.2). */
export interface ArchivedMessage {
  /** The archive's name for it. */
  id: string;
  /** When the archive got it. */
  at: Date | undefined;
  message: Element;
}

/** What to read of an archive. */
export interface ArchiveOptions extends ArchiveFilter, StanzaWait {
  /** Whose archive; the user's own when left out. */
  archive?: string;
  /** Messages that are asked for at a time. @default 50 */
  pageSize?: number;
  /** Ends after so many. */
  limit?: number;
}

/** Which page to read of an archive. */
export interface ArchivePageOptions extends ArchiveFilter, Page, StanzaWait {
  /** Whose archive: a room's, for instance. @default the user's own */
  archive?: string;
}

/** A page of an archive (XEP-0313 §4.3, XEP-0059 §2). */
export interface ArchivePage {
  /** Oldest first. */
  messages: ArchivedMessage[];
  /** The archive's name for the first message of the page: `before` for the page in front of it. */
  first: string | undefined;
  /** The archive's name for the last message of the page: `after` for the next page. */
  last: string | undefined;
  /** Where in the whole the page begins; some servers do not tell. */
  index: number | undefined;
  /** How many messages fit in the whole; some servers do not tell. */
  count: number | undefined;
  /** Whether it is the last page in its direction. */
  complete: boolean;
}

/**
 * Reads one page of an archive (XEP-0313 §4): `readArchivePage(session, { before: '', max: 20 })` for the
 * newest twenty messages. The server's own limit applies when `max` is left out.
 *
 * @throws {StanzaError} when the archive cannot be asked
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
 * Goes through an archive, oldest message first, page by page (XEP-0313 §4, XEP-0059 §2.2):
 * `for await (const { message } of readArchive(session, { with: jid })) …`
 *
 * @throws {StanzaError} when the archive cannot be asked
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

/** As XML Schema writes it. */
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
