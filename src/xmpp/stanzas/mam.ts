import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { stanzaId } from '../ids.ts';
import { submit } from './forms.ts';
import { iq } from './iq.ts';
import { NS } from './namespaces.ts';
import { pageElement } from './rsm.ts';
import type { Page } from './rsm.ts';

/** Which messages of an archive to ask for (XEP-0313 §4.1). */
export interface ArchiveFilter {
  /** Messages to or from that JID. */
  with?: string;
  start?: Date;
  end?: Date;
}

/** A query to an archive. */
export interface ArchiveQuery extends ArchiveFilter, Page {
  /** The id that the results carry. @default a new one */
  queryId?: string;
  /** JID whose archive is asked: a room's, or that of a PubSub node's service. @default the user's own */
  archive?: string;
}

/** Asks for messages of an archive (XEP-0313 §4); `readArchive` reads all pages. */
export function query(options: ArchiveQuery = {}): Element {
  const { queryId = stanzaId(), archive, start, end } = options;
  const values: Record<string, string> = {};
  if (options.with !== undefined) values['with'] = options.with;
  if (start !== undefined) values['start'] = start.toISOString();
  if (end !== undefined) values['end'] = end.toISOString();
  return iq(
    'set',
    xml('query', { xmlns: NS.mam, queryid: queryId }, submit(values, NS.mam), pageElement(options)),
    archive,
  );
}

/** Asks which messages are archived (XEP-0441 §2). */
export function preferences(): Element {
  return iq('get', xml('prefs', { xmlns: NS.mam }));
}

/** Sets which messages are archived (XEP-0441 §2). */
export function setPreferences(byDefault: 'always' | 'never' | 'roster'): Element {
  const lists = [xml('always'), xml('never')];
  return iq('set', xml('prefs', { xmlns: NS.mam, default: byDefault }, ...lists));
}
