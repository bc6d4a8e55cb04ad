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
  const tlsOptions: TlsOptions = {
    verify: options.tlsVerify,
    ca: options.tlsCa,
    servername: domain,
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
  return new Class(url, domain, domain, tlsOptions, localAddress, owner, limits);
}
