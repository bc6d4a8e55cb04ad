import net from 'node:net';
import { domainToASCII } from 'node:url';
import type { ConnectOptions } from '../connect-options.ts';
import { defaultFrameLimits, frameLimitsOf } from './frame-grammar.ts';
import { transportOf } from './transports.ts';
import type { Wire, WireOwner } from './wire.ts';

/** Begins a connection; the owner is called when it is established. */
export function openWire(options: ConnectOptions, owner: WireOwner): Wire {
  const { host, port, domain, transport, tls, path, localAddress } = options;
  const spec = transportOf(transport);
  // Over HTTP the certificate is for the host of the URL (RFC 9110 §4.3.4), over XMPP itself for the domain
  // (RFC 6120 §13.7.2). An IP address without a URL identifies no server: it only says where the domain's
  // server is.
  const isDomains =
    spec.http === undefined || (net.isIP(host) !== 0 && options.isNamedByUrl !== true);
  const target = {
    host,
    port,
    localAddress,
    domain,
    path,
    isDirect: tls === 'direct',
    tls: {
      verify: options.tlsVerify,
      ca: options.tlsCa,
      servername: asciiName(isDomains ? domain : host),
      certificate: options.certificate,
      resume: options.tlsResume,
      maxVersion: options.tlsMaxVersion,
    },
    limits: frameLimitsOf(options.stanzaBytes ?? defaultFrameLimits.stanzaBytes),
  };
  return spec.open(target, owner);
}

/** Certificates, SNI and HTTP use ASCII names (RFC 5890 §2.3.2.1). */
function asciiName(name: string): string {
  return /^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name) || name;
}
