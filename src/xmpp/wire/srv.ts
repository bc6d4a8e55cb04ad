import { promises as dns } from 'node:dns';
import type { SrvRecord } from 'node:dns';
import { LRUCache } from 'lru-cache';
import { AmocError, messageOf } from '../../lib/errors.ts';
import { KEPT_MS, MAX_DOMAINS } from './lookups.ts';

/** The address of a server. */
export interface HostPort {
  host: string;
  port: number;
}

type ResolveSrv = (name: string) => Promise<SrvRecord[]>;

/** Answers of the last minute. Users that ask for the same name at once share one query. */
const answers = new LRUCache<string, SrvRecord[], ResolveSrv>({
  max: MAX_DOMAINS,
  ttl: KEPT_MS,
  fetchMethod: (name, _stale, { context: resolve }) => resolve(name),
});

/**
 * The address of the domain's server, by its SRV records (RFC 6120 §3.2.1). Looked up once a minute.
 *
 * @param service the one that the records are for, as the transport names it: `_xmpp-client._tcp`
 * @param turn picks among records of one priority, by their weights (RFC 2782)
 * @param resolve set by tests only
 * @throws {AmocError} `CONNECTION` when the domain has no such records
 */
export async function findBySrv(
  domain: string,
  service: string,
  turn: number,
  resolve: ResolveSrv = (name) => dns.resolveSrv(name),
): Promise<HostPort> {
  const name = `${service}.${domain}`;
  let records: SrvRecord[];
  try {
    records = await answers.forceFetch(name, { context: resolve });
  } catch (cause) {
    throw new AmocError(
      'CONNECTION',
      `no SRV record ${name} (${messageOf(cause)}); give the host with AMOC_XMPP_HOST and switch AMOC_XMPP_SRV off`,
      { cause },
    );
  }
  if (records.length === 0 || records.every((each) => each.name === '.' || each.name === '')) {
    throw new AmocError('CONNECTION', `${name} says that the domain has no such service`);
  }
  return choose(records, turn);
}

/** Spreads users over the records of the best priority, by their weights. */
function choose(records: readonly SrvRecord[], turn: number): HostPort {
  const best = Math.min(...records.map(({ priority }) => priority));
  const first = records.filter(({ priority }) => priority === best);
  const total = first.reduce((sum, { weight }) => sum + Math.max(1, weight), 0);
  let left = turn % total;
  for (const { name, port, weight } of first) {
    left -= Math.max(1, weight);
    if (left < 0) return { host: name, port };
  }
  const last = first.at(-1) as SrvRecord;
  return { host: last.name, port: last.port };
}
