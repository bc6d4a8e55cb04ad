import net from 'node:net';
import { domainToASCII } from 'node:url';
import { bracketed } from '../../lib/text/bracketed.ts';
import type { ConnectOptions } from '../connect-options.ts';
import { BoshWire } from './bosh-wire.ts';
import { defaultFrameLimits, frameLimitsOf } from './frame-grammar.ts';
import { TcpWire } from './tcp-wire.ts';
import type { TlsOptions } from './tls-options.ts';
import { WebSocketWire } from './web-socket-wire.ts';
import type { Wire, WireOwner } from './wire.ts';

/** Begins a connection; the owner is called when it is established. */
export function openWire(options: ConnectOptions, owner: WireOwner): Wire {
  const { host, port, domain, transport, tls, path, localAddress } = options;
  // Over HTTP the certificate is for the host of the URL (RFC 9110 §4.3.4), over XMPP itself for the domain
  // (RFC 6120 §13.7.2). An IP address without a URL identifies no server: it only says where the domain's
  // server is.
  const isDomains = transport === 'tcp' || (net.isIP(host) !== 0 && options.isNamedByUrl !== true);
  const name = asciiName(isDomains ? domain : host);
  const tlsOptions: TlsOptions = {
    verify: options.tlsVerify,
    ca: options.tlsCa,
    servername: name,
    alpn: transport === 'tcp' && tls === 'direct' ? 'xmpp-client' : undefined,
    certificate: options.certificate,
    resume: options.tlsResume,
    maxVersion: options.tlsMaxVersion,
  };
  const limits = frameLimitsOf(options.stanzaBytes ?? defaultFrameLimits.stanzaBytes);
  if (transport === 'tcp') {
    const address = { host, port, localAddress };
    return new TcpWire(address, tlsOptions, tls === 'direct', owner, limits);
  }
  const [scheme, Class] =
    transport === 'websocket' ? (['ws', WebSocketWire] as const) : (['http', BoshWire] as const);
  const isSecure = tls === 'direct';
  const address = `${bracketed(host)}:${port}`;
  const url = `${scheme}${isSecure ? 's' : ''}://${address}${path}`;
  // The port is left out where it is the scheme's default (RFC 9110 §7.2).
  const isUsual = port === (isSecure ? 443 : 80);
  const hostHeader = bracketed(name) + (isUsual ? '' : `:${port}`);
  return new Class(url, hostHeader, domain, tlsOptions, localAddress, owner, limits);
}

/** Certificates, SNI and HTTP use ASCII names (RFC 5890 §2.3.2.1). */
function asciiName(name: string): string {
  return /^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name) || name;
}
