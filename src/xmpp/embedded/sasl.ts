import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Accounts } from './accounts.ts';

/** The server's answer to one step of an exchange (RFC 6120 §6.4). */
export type SaslStep =
  | { type: 'challenge'; data: string }
  | { type: 'success'; data: string | undefined; username: string }
  | { type: 'failure'; condition: 'not-authorized' | 'invalid-mechanism' | 'malformed-request' };

/** One exchange; called with each decoded message of the client. */
export type SaslExchange = (message: string) => SaslStep;

/** The hash function and its output length, by mechanism (RFC 5802, RFC 7677). */
const hashes: Readonly<Record<string, readonly [name: string, bytes: number]>> = {
  'SCRAM-SHA-256': ['sha256', 32],
  'SCRAM-SHA-1': ['sha1', 20],
};

/** In order of preference. */
export const mechanisms: readonly string[] = [...Object.keys(hashes), 'PLAIN'];

/**
 * RFC 5802 asks for 4,096 rounds to slow down a thief of the keys. Here the keys guard nothing: the server is
 * on loopback and forgets everything.
 */
const SCRAM_ROUNDS = 256;
const SCRAM_SALT = Buffer.from('amoc embedded server');

/** Begins an exchange; with an unknown mechanism the exchange fails. */
export function beginSasl(mechanism: string, accounts: Accounts): SaslExchange {
  if (mechanism === 'PLAIN') return (message) => plain(message, accounts);
  const hash = Object.hasOwn(hashes, mechanism) ? hashes[mechanism] : undefined;
  if (hash !== undefined) return scram(accounts, ...hash);
  return () => ({ type: 'failure', condition: 'invalid-mechanism' });
}

/** RFC 4616 §2. */
function plain(message: string, accounts: Accounts): SaslStep {
  const [, username, password] = message.split('\0');
  if (username === undefined || password === undefined) return malformed;
  return accounts.passwordOf(username) === password
    ? { type: 'success', data: undefined, username }
    : notAuthorized;
}

/** RFC 5802 §5. */
function scram(accounts: Accounts, hash: string, bytes: number): SaslExchange {
  let first: { bare: string; server: string; nonce: string; username: string } | undefined;
  return (message) => {
    if (first === undefined) {
      const parts = /^[ny](?:=[^,]*)?,[^,]*,(n=([^,]*),r=([^,]+).*)$/s.exec(message);
      const [, bare, name, clientNonce] = parts ?? [];
      if (bare === undefined || name === undefined || clientNonce === undefined) return malformed;
      const nonce = clientNonce + randomBytes(18).toString('base64');
      const server = `r=${nonce},s=${SCRAM_SALT.toString('base64')},i=${SCRAM_ROUNDS}`;
      const username = name.replaceAll('=2C', ',').replaceAll('=3D', '=');
      first = { bare, server, nonce, username };
      return { type: 'challenge', data: server };
    }
    const final = /^(c=[^,]*,r=([^,]*)),p=([A-Za-z0-9+/=]+)$/.exec(message);
    const [, withoutProof, nonce, proof] = final ?? [];
    if (withoutProof === undefined || proof === undefined) return malformed;
    const password = accounts.passwordOf(first.username);
    if (password === undefined || nonce !== first.nonce) return notAuthorized;
    const signed = `${first.bare},${first.server},${withoutProof}`;
    const signature = checkProof(hash, bytes, password, signed, Buffer.from(proof, 'base64'));
    if (signature === undefined) return notAuthorized;
    return { type: 'success', data: `v=${signature}`, username: first.username };
  };
}

/** @returns the server's signature when the proof is right */
function checkProof(
  hash: string,
  bytes: number,
  password: string,
  signed: string,
  proof: Buffer,
): string | undefined {
  const hmac = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest();
  const salted = pbkdf2Sync(password.normalize('NFKC'), SCRAM_SALT, SCRAM_ROUNDS, bytes, hash);
  const storedKey = createHash(hash).update(hmac(salted, 'Client Key')).digest();
  const clientSignature = hmac(storedKey, signed);
  if (proof.length !== clientSignature.length) return undefined;
  const clientKey = Buffer.from(proof.map((byte, at) => byte ^ (clientSignature[at] as number)));
  const claimed = createHash(hash).update(clientKey).digest();
  if (!timingSafeEqual(claimed, storedKey)) return undefined;
  return hmac(hmac(salted, 'Server Key'), signed).toString('base64');
}

const notAuthorized: SaslStep = { type: 'failure', condition: 'not-authorized' };
const malformed: SaslStep = { type: 'failure', condition: 'malformed-request' };
