import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { AmocError } from '../../lib/errors.ts';
import type { Wire } from '../wire/wire.ts';

/** Ways to bind a login to its TLS connection, in order of preference. */
export const bindingTypes = ['tls-unique', 'tls-exporter', 'tls-server-end-point'] as const;

/** See {@link bindingTypes}: RFC 5929 §3, RFC 9266, RFC 5929 §4. */
export type BindingType = (typeof bindingTypes)[number];

/** The data that binds a login to its TLS connection (RFC 5802 §6). */
export interface ChannelBinding {
  type: BindingType;
  data: Buffer;
}

/** What is known about a connection and its server before a login is bound to it. */
export interface BindingInputs {
  wire: Wire;
  /** Types that the server lists (XEP-0440); `undefined` when it sends no list. */
  listed: readonly string[] | undefined;
  /** The type that the user wants; `auto` takes the first that both sides support. */
  wanted: BindingType | 'auto' | 'none';
}

/** The type of binding for a login; `undefined` when the two sides have none in common. */
export function chooseBinding({ wire, listed, wanted }: BindingInputs): BindingType | undefined {
  if (wanted === 'none') return undefined;
  // A server without a list supports the type that is usual for its TLS version (RFC 5802 §6.1, RFC 9266 §2).
  const offered = listed ?? ['tls-unique', 'tls-exporter'];
  const candidates =
    wanted === 'auto' ? bindingTypes.filter((each) => offered.includes(each)) : [wanted];
  return candidates.find((type) => isAvailable(wire, type));
}

/**
 * The channel binding for a login with a `-PLUS` mechanism.
 *
 * @throws {AmocError} `CONNECTION` naming what is missing
 */
export async function bindTo(inputs: BindingInputs): Promise<ChannelBinding> {
  const { wire, listed, wanted } = inputs;
  if (!wire.isSecure) {
    throw new AmocError('CONNECTION', 'channel binding (-PLUS) needs TLS; see AMOC_XMPP_TLS');
  }
  if (wire.channelBinding === undefined) {
    throw new AmocError('CONNECTION', 'channel binding (-PLUS) needs TLS over TCP, not over HTTP');
  }
  const type = chooseBinding(inputs);
  const data = type === undefined ? undefined : await dataOf(wire, type);
  if (type !== undefined && data !== undefined) return { type, data };
  const offers = listed === undefined ? '' : `; the server lists ${listed.join(', ') || 'none'}`;
  const what = wanted === 'auto' ? 'no type of channel binding' : `no ${wanted}`;
  throw new AmocError(
    'CONNECTION',
    `${what} for a -PLUS mechanism on this connection${offers} (xmppChannelBinding, xmppTlsMaxVersion)`,
  );
}

function isAvailable(wire: Wire, type: BindingType): boolean {
  return type === 'tls-server-end-point'
    ? wire.peerCertificate?.() !== undefined
    : wire.channelBinding?.(type) !== undefined;
}

async function dataOf(wire: Wire, type: BindingType): Promise<Buffer | undefined> {
  if (type !== 'tls-server-end-point') return wire.channelBinding?.(type);
  const certificate = wire.peerCertificate?.();
  return certificate && endPointOf(certificate);
}

/** Digests of servers' certificates, which thousands of users see. */
const digests = new LRUCache<string, Buffer>({ max: 1000 });

/**
 * The digest of a certificate, by the hash function of its signature (RFC 5929 §4.1).
 *
 * @param der the certificate as TLS carries it
 * @returns `undefined` for a signature without a hash function
 */
export async function endPointOf(der: Buffer): Promise<Buffer | undefined> {
  const name = createHash('sha256').update(der).digest('base64');
  const known = digests.get(name);
  if (known !== undefined) return known;
  const hash = await hashOfSignature(der);
  if (hash === undefined) return undefined;
  const made = createHash(hash).update(der).digest();
  digests.set(name, made);
  return made;
}

/** The library takes some megabytes, so it is loaded only when it is needed. */
async function hashOfSignature(der: Buffer): Promise<string | undefined> {
  await import('reflect-metadata');
  const { X509Certificate } = await import('@peculiar/x509');
  // The library's own type needs the types of browsers.
  const { signatureAlgorithm } = new X509Certificate(der) as {
    signatureAlgorithm: { hash?: { name?: string } };
  };
  const hash = signatureAlgorithm.hash?.name?.replace('-', '').toLowerCase();
  // SHA-256 takes the place of MD5 and SHA-1.
  return hash === 'md5' || hash === 'sha1' ? 'sha256' : hash;
}
