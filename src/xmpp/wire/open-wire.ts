import net from 'node:net';
import { domainToASCII } from 'node:url';
import { bracketed } from '../../lib/bracketed.ts';
import type { ConnectOptions } from '../connect-options.ts';
import { BoshWire } from './bosh-wire.ts';
import { defaultFrameLimits, frameLimitsOf } from './frame-grammar.ts';
import { TcpWire } from './tcp-wire.ts';
import type { TlsOptions } from './tls-options.ts';
import { WebSocketWire } from './web-socket-wire.ts';
import type { Wire, WireOwner } from './wire.ts';

/** Begins a connection; the owner hears when it is there. */
export function openWire(options: ConnectOptions, owner: WireOwner): Wire {
  const { host, port, domain, transport, tls, path, localAddress } = options;
  // Over HTTP the certificate is that of the URL (RFC 9110 §4.3.4), of XMPP itself that of the domain (RFC 6120
  // §13.7.2). An address that was given without a URL names nobody: it says where the domain's server is.
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
  // Without the port where it is the scheme's own (RFC 9110 §7.2).
  const isUsual = port === (isSecure ? 443 : 80);
  const hostHeader = bracketed(name) + (isUsual ? '' : `:${port}`);
  return new Class(url, hostHeader, domain, tlsOptions, localAddress, owner, limits);
}

/** Certificates, SNI and HTTP have names in ASCII (RFC 5890 §2.3.2.1). */
function asciiName(name: string): string {
  return /^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name) || name;
}
