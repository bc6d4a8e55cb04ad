import { AmocError } from '../../lib/errors.ts';
import type { ConnectOptions } from '../connect-options.ts';
import { ConnectError } from '../errors.ts';
import { transportOf } from '../wire/transports.ts';

/** How many times one login follows a redirect. */
const MAX_HOPS = 3;

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
 * @param now milliseconds by a clock that never jumps
 * @param elsewhere where to begin, when an earlier session was redirected there
 */
export async function followHosts<T>(
  options: ConnectOptions,
  now: () => number,
  attempt: (options: ConnectOptions) => Promise<T>,
  elsewhere?: string,
): Promise<T> {
  const until = now() + options.timeoutMs;
  let at = { ...options, ...(elsewhere === undefined ? {} : otherAddress(elsewhere, options)) };
  for (let hops = 0; ; hops++) {
    try {
      return await attempt(at);
    } catch (error) {
      const sentTo = error instanceof ConnectError ? error.cause : undefined;
      const next =
        sentTo instanceof SeeOtherHost ? otherAddress(sentTo.elsewhere, options) : undefined;
      if (next === undefined || hops === MAX_HOPS) throw error;
      const timeoutMs = Math.max(1, Math.round(until - now()));
      at = { ...options, ...next, timeoutMs };
    }
  }
}

/** The address that the server redirects to; `undefined` when the redirect is not followed. */
function otherAddress(
  elsewhere: string,
  { followHost = false, transport, tls }: ConnectOptions,
): { host: string; port: number } | undefined {
  const { port: usualPort, http } = transportOf(transport);
  if (!followHost || http !== undefined || elsewhere.length > 300) return undefined;
  const [, bracketed, name, named] =
    /^(?:\[([\da-f:.]+)\]|([\p{L}\p{N}._-]+))(?::(\d{1,5}))?$/iu.exec(elsewhere) ?? [];
  const address = /^[\da-f.]*:[\da-f:.]*:[\da-f:.]*$/i.exec(elsewhere)?.[0];
  const host = bracketed ?? name ?? address;
  const port = Number(named ?? usualPort(tls));
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

function adviceFor(elsewhere: string, options: ConnectOptions): string {
  if (options.followHost !== true) {
    return 'set AMOC_XMPP_HOST to it, or AMOC_XMPP_FOLLOW_HOST=true';
  }
  if (transportOf(options.transport).http !== undefined)
    return 'AMOC_XMPP_FOLLOW_HOST works over TCP only';
  return otherAddress(elsewhere, options) === undefined
    ? 'that is not a valid address'
    : `at most ${MAX_HOPS} redirects are followed`;
}
