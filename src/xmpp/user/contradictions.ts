import { AmocError } from '../../lib/errors.ts';
import type { XmppSettings } from '../settings.ts';
import { readServerUrl, urlOfUser } from './server-url.ts';

/** Whether the settings say where a server is; if not, the embedded server is used. */
export function hasTarget(settings: Readonly<Record<string, unknown>>): boolean {
  const { xmppHost, xmppUrl, xmppDomain, xmppSrv, xmppHostMeta } = settings;
  const isLookedUp = [xmppSrv, xmppHostMeta].some((each) => each === true || each === 'true');
  return isSet(xmppHost) || isSet(xmppUrl) || (isLookedUp && isSet(xmppDomain));
}

/**
 * Checks settings that are valid one by one but contradict each other.
 *
 * @throws {AmocError} `CONFIG` listing every contradiction
 */
export function demandConsistent(settings: XmppSettings): void {
  const { xmppTransport: transport, xmppUrl, xmppHostMeta, xmppSrv, xmppTls } = settings;
  const found: string[] = [];
  if (xmppTls === 'starttls' && transport !== 'tcp' && xmppUrl === '') {
    found.push(startTlsOver(transport));
  }
  if (xmppUrl !== '') {
    if (xmppHostMeta) {
      found.push('xmppUrl names the server, and xmppHostMeta looks it up: leave one of them out');
    }
    const named = readServerUrl(urlOfUser(xmppUrl, 0))?.transport;
    if (transport !== 'tcp' && named !== undefined && named !== transport) {
      found.push(
        `xmppTransport is '${transport}', but xmppUrl is a URL of ${named === 'bosh' ? 'BOSH' : 'WebSocket'}: leave xmppTransport out`,
      );
    }
  } else if (xmppHostMeta && transport === 'tcp') {
    found.push(
      "xmppHostMeta finds WebSocket and BOSH services, but xmppTransport is 'tcp': set it to 'websocket' or 'bosh'",
    );
  }
  const lookedUp = xmppHostMeta ? 'xmppHostMeta' : xmppSrv ? 'xmppSrv' : undefined;
  if (lookedUp !== undefined && !hasTarget(settings)) {
    found.push(`${lookedUp} finds the server of a domain, and no domain is set: set xmppDomain`);
  }
  if (found.length > 0) throw new AmocError('CONFIG', found.join('\n'));
}

/** What is wrong with STARTTLS where HTTP carries the stream (RFC 7395 §3.9, XEP-0206 §3). */
export function startTlsOver(transport: string): string {
  return `xmppTls is 'starttls', which only TCP has; over ${transport} set it to 'direct' or 'none'`;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== '';
}
