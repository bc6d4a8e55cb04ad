// @peculiar/x509 declares its classes with it.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { Extension } from '@peculiar/x509';

const EC = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 3600 * 1000;
/** A certificate is valid from this long before its making, because the clocks of machines differ. */
const EARLIER_MS = 3600 * 1000;
const CA_DAYS = 3650;
/** The longest validity that Apple's and other TLS stacks accept. */
const CERTIFICATE_DAYS = 825;
const SERIAL_BYTES = 16;

/** A certificate and its private key (PKCS#8), each as PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate is for: the master's has the names that slaves dial. */
export type Purpose =
  | { readonly role: 'master'; readonly hosts: readonly string[] }
  | { readonly role: 'slave'; readonly name: string };

/** A new authority (EC P-256, 10 years) that signs end-entity certificates only. */
export async function makeAuthority(now = new Date()): Promise<KeyPair> {
  const keys = await newKeys();
  const notBefore = new Date(now.getTime() - EARLIER_MS);
  const cert = await X509CertificateGenerator.createSelfSigned({
    keys,
    // Lets an operator tell two CAs in one list apart.
    name: [{ CN: [`amoc CA ${randomBytes(4).toString('hex')}`] }],
    serialNumber: newSerial(),
    notBefore,
    notAfter: new Date(notBefore.getTime() + CA_DAYS * DAY_MS),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey, false),
    ],
  });
  return { cert: pemOf(cert), key: await pemOfKey(keys.privateKey) };
}

/**
 * A new certificate (EC P-256, 825 days, or until the authority's own end) for a master or a slave. It serves
 * no other purpose: a slave cannot impersonate the master with its own certificate.
 *
 * @param authority of {@link makeAuthority}
 */
export async function makeCertificate(
  authority: KeyPair,
  purpose: Purpose,
  now = new Date(),
): Promise<KeyPair> {
  const issuer = new X509Certificate(authority.cert);
  const [signingKey, keys] = await Promise.all([importKey(authority.key), newKeys()]);
  const notBefore = new Date(Math.max(now.getTime() - EARLIER_MS, issuer.notBefore.getTime()));
  const end = Math.min(notBefore.getTime() + CERTIFICATE_DAYS * DAY_MS, issuer.notAfter.getTime());
  const isMaster = purpose.role === 'master';
  const usage = isMaster ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([usage]),
    await SubjectKeyIdentifierExtension.create(keys.publicKey, false),
    await AuthorityKeyIdentifierExtension.create(issuer, false),
  ];
  if (isMaster) {
    const names = purpose.hosts.map((host) => {
      return { type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const), value: host };
    });
    extensions.push(new SubjectAlternativeNameExtension(names));
  }
  const cert = await X509CertificateGenerator.create({
    publicKey: keys.publicKey,
    signingKey,
    subject: [{ CN: [isMaster ? 'amoc master' : purpose.name] }],
    issuer: issuer.subjectName,
    serialNumber: newSerial(),
    notBefore,
    notAfter: new Date(end),
    signingAlgorithm: SIGNATURE,
    extensions,
  });
  return { cert: pemOf(cert), key: await pemOfKey(keys.privateKey) };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']);
}

/** RFC 5280 §4.1.2.2: positive, at most 20 bytes. */
function newSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), EC, false, ['sign']);
}

async function pemOfKey(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = await webcrypto.subtle.exportKey('pkcs8', key);
  return `${PemConverter.encode(bytes, PemConverter.PrivateKeyTag)}\n`;
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
