import { bracketed } from '../../lib/text/bracketed.ts';
import type { WireTarget } from './transport-spec.ts';

/**
 * The URL of a target, and the `Host` header for it.
 *
 * @param scheme that of a URL without TLS
 */
export function httpAddress(
  { host, port, path, isDirect, tls }: WireTarget,
  scheme: 'ws' | 'http',
): { url: URL; hostHeader: string } {
  const url = new URL(`${scheme}${isDirect ? 's' : ''}://${bracketed(host)}:${port}${path}`);
  // The port is left out where it is the scheme's default (RFC 9110 §7.2).
  const isUsual = port === (isDirect ? 443 : 80);
  return { url, hostHeader: bracketed(tls.servername) + (isUsual ? '' : `:${port}`) };
}

/** The usual port of services over HTTP: that of ejabberd and prosody. */
export function httpPort(tls: string): number {
  return tls === 'direct' ? 5281 : 5280;
}
