import net from 'node:net';
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
  // §13.7.2). An address names nobody: whoever gives one means the domain's server there.
  const name = transport === 'tcp' || net.isIP(host) !== 0 ? domain : host;
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
  const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  const url = `${scheme}${tls === 'direct' ? 's' : ''}://${authority}${path}`;
  return new Class(url, `${name}:${port}`, domain, tlsOptions, localAddress, owner, limits);
}
