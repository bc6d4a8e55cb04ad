import type { FrameLimits } from './frame-grammar.ts';
import type { TlsOptions } from './tls-options.ts';
import type { Wire, WireOwner } from './wire.ts';

/**
 * `starttls` requires the upgrade, `auto` upgrades when the server offers it, `direct` is TLS from the first
 * byte.
 */
export type TlsMode = 'none' | 'starttls' | 'direct' | 'auto';

/** Where a wire goes, and how. */
export interface WireTarget {
  host: string;
  port: number;
  /** Local address to bind; one address has about 28,000 ports to a target. */
  localAddress?: string | undefined;
  /** The domain that the stream is opened to. */
  domain: string;
  /** Path of an HTTP endpoint, with the query; empty for other transports. */
  path: string;
  /** Whether TLS comes before everything else. */
  isDirect: boolean;
  tls: TlsOptions;
  limits: FrameLimits;
}

/** What a transport over HTTP has in addition. */
export interface HttpSpec {
  /** Scheme of its URLs without TLS; an `s` is added for those with TLS. */
  scheme: 'ws' | 'http';
  /** The path of the service where none is given. */
  path: string;
  /** Relation of its links in a domain's host-meta (XEP-0156 §3.1). */
  link: string;
}

/** One way to carry an XML stream: everything that differs between transports outside their wires. */
export interface TransportSpec {
  /** As errors name it. */
  readonly title: string;
  /** The port of a server where none is given. */
  readonly port: (tls: TlsMode) => number;
  readonly tlsModes: readonly TlsMode[];
  /** The service whose SRV records name the servers of a domain; without it, SRV records cannot be used. */
  readonly srv?: (tls: TlsMode) => string;
  /** Only for streams over HTTP. Their certificates are for the host of the URL. */
  readonly http?: HttpSpec;
  /** Begins a connection; the owner is called when it is established. */
  readonly open: (target: WireTarget, owner: WireOwner) => Wire;
}

/** RFC 6120 §3.2.1, XEP-0368. */
export function clientService(tls: TlsMode): string {
  return tls === 'direct' ? '_xmpps-client._tcp' : '_xmpp-client._tcp';
}
