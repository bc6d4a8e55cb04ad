import net from 'node:net';
import tls from 'node:tls';
import { AmocError } from '../lib/errors.ts';
import { ClientSocket, ClientWebSocket, nodeTlsOptions } from './client-socket.ts';
import type { TlsOptions } from './client-socket.ts';
import type { ConnectOptions } from './connect-options.ts';

/** The library's name for an address. */
export function serviceOf(options: ConnectOptions): string {
  const host = net.isIPv6(options.host) ? `[${options.host}]` : options.host;
  if (options.transport === 'websocket') {
    return `${options.tls === 'direct' ? 'wss' : 'ws'}://${host}:${options.port}${options.path}`;
  }
  return `${options.tls === 'direct' ? 'xmpps' : 'xmpp'}://${host}:${options.port}`;
}

/** What a certificate of that server is checked with. */
export function tlsOf(options: ConnectOptions): TlsOptions {
  return { verify: options.tlsVerify, ca: options.tlsCa, servername: options.domain };
}

interface TransportClass {
  prototype: { Socket: unknown; socketParameters(service: string): unknown };
}

/** Makes the library build our socket: the transport's class is its own, the socket's is ours. */
export function useTransport(xmpp: { transports: unknown[] }, options: ConnectOptions): void {
  const service = serviceOf(options);
  const found = (xmpp.transports as TransportClass[]).find((candidate) => {
    return candidate.prototype.socketParameters(service) !== undefined;
  });
  if (found === undefined) throw new AmocError('CONNECTION', `no transport for ${service}`);
  const Base = found as unknown as new () => object;
  class OwnTransport extends Base {}
  Object.assign(OwnTransport.prototype, {
    Socket: function Socket() {
      return openSocket(options, service);
    },
    // `Socket` connects as it is made.
    socketParameters: () => ({}),
  });
  xmpp.transports.unshift(OwnTransport);
}

function openSocket(options: ConnectOptions, service: string): ClientSocket | ClientWebSocket {
  const { host, port, domain } = options;
  const open = (): ClientSocket | ClientWebSocket => {
    if (options.transport === 'websocket') {
      return new ClientWebSocket(service, domain, tlsOf(options));
    }
    return new ClientSocket(
      options.tls === 'direct'
        ? tls.connect({ host, port, ...nodeTlsOptions(tlsOf(options)) })
        : net.connect({ host, port }),
    );
  };
  return Object.assign(open(), { connect: () => {} });
}
