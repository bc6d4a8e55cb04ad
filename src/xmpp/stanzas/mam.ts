import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { stanzaId } from '../ids.ts';
import { submit } from './forms.ts';
import { iq } from './iq.ts';
import { NS } from './namespaces.ts';
import { pageElement } from './rsm.ts';
import type { Page } from './rsm.ts';

/** Which messages of an archive are wanted (XEP-0313 §4.1). */
export interface ArchiveFilter {
  /** Those to or from that JID. */
  with?: string;
  start?: Date;
  end?: Date;
}

/** What is asked of an archive. */
export interface ArchiveQuery extends ArchiveFilter, Page {
  /** The results carry it. @default a new one */
  queryId?: string;
  /** Whose archive: a room, a PubSub node's service. @default the user's own */
  archive?: string;
}

/** Asks for messages of an archive (XEP-0313 §4); `readArchive` goes through its pages. */
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
