import type { Element } from './element.ts';
import { stanzaId } from './ids.ts';
import type { Session } from './session.ts';
import type { StanzaWait } from './session-parts.ts';
import { query } from './stanzas/mam.ts';
import type { ArchiveFilter } from './stanzas/mam.ts';
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
    const queryId = stanzaId();
    const page: ArchivedMessage[] = [];
    const stop = session.intercept((stanza) => {
      const result = stanza.name === 'message' ? stanza.getChild('result', NS.mam) : undefined;
      if (result?.attrs['queryid'] !== queryId) return false;
      page.push(archivedIn(result));
      return true;
    });
    let fin: Element | undefined;
    try {
      const max = Math.min(pageSize, limit - given);
      const request = query({
        ...options,
        queryId,
        max,
        ...(after === undefined ? {} : { after }),
      });
      fin = (await session.sendIq(request, options)).payload;
    } finally {
      stop();
    }
    yield* page;
    given += page.length;
    after = fin?.getChild('set', NS.rsm)?.getChildText('last') ?? undefined;
    if (fin?.attrs['complete'] === 'true' || page.length === 0 || after === undefined) return;
  }
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
