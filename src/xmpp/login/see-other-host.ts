import { AmocError } from '../../lib/errors.ts';
import type { ConnectOptions } from '../connect-options.ts';
import { ConnectError } from '../errors.ts';

/** How many times one login follows a redirect. */
const MOST_HOPS = 3;

/** The server redirects its client to another host (RFC 6120 §4.9.3.19). */
export class SeeOtherHost extends AmocError {
  readonly condition = 'see-other-host';
  /** `host`, `host:port` or `[address]:port`, as the server wrote it. */
  readonly elsewhere: string;

  constructor(elsewhere: string, options: ConnectOptions) {
    const where = elsewhere === '' ? 'without saying which' : elsewhere;
    super(
      'CONNECTION',
      `the server sends its clients to another host (see-other-host): ${where}; ${adviceFor(elsewhere, options)}`,
    );
    this.elsewhere = elsewhere;
  }
}

/**
 * Makes a connection, and follows the server's redirects when the options say so. The other host is told the
 * same, also the domain, which its certificate must be for (RFC 6120 §4.9.3.19).
 *
 * @param elsewhere where to begin, when an earlier session was redirected there
 */
export async function followHosts<T>(
  options: ConnectOptions,
  attempt: (options: ConnectOptions) => Promise<T>,
  elsewhere?: string,
): Promise<T> {
  const until = performance.now() + options.timeoutMs;
  let at = { ...options, ...(elsewhere === undefined ? {} : otherAddress(elsewhere, options)) };
  for (let hops = 0; ; hops++) {
    try {
      return await attempt(at);
    } catch (error) {
      const sentTo = error instanceof ConnectError ? error.cause : undefined;
      const next =
        sentTo instanceof SeeOtherHost ? otherAddress(sentTo.elsewhere, options) : undefined;
      if (next === undefined || hops === MOST_HOPS) throw error;
      const timeoutMs = Math.max(1, Math.round(until - performance.now()));
      at = { ...options, ...next, timeoutMs };
    }
  }
}

/** The address that the server redirects to; `undefined` when the redirect is not followed. */
function otherAddress(
  elsewhere: string,
  { followHost = false, transport, tls }: ConnectOptions,
): { host: string; port: number } | undefined {
  if (!followHost || transport !== 'tcp' || elsewhere.length > 300) return undefined;
  const [, bracketed, name, named] =
    /^(?:\[([\da-f:.]+)\]|([\p{L}\p{N}._-]+))(?::(\d{1,5}))?$/iu.exec(elsewhere) ?? [];
  const address = /^[\da-f.]*:[\da-f:.]*:[\da-f:.]*$/i.exec(elsewhere)?.[0];
  const host = bracketed ?? name ?? address;
  const port = Number(named ?? (tls === 'direct' ? 5223 : 5222));
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

function adviceFor(elsewhere: string, options: ConnectOptions): string {
  if (options.followHost !== true) {
    return 'set AMOC_XMPP_HOST to it, or AMOC_XMPP_FOLLOW_HOST=true';
  }
  if (options.transport !== 'tcp') return 'AMOC_XMPP_FOLLOW_HOST works over TCP only';
  return otherAddress(elsewhere, options) === undefined
    ? 'that is not a valid address'
    : `at most ${MOST_HOPS} redirects are followed`;
}
