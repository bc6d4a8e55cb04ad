import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { AmocError } from '../../lib/errors.ts';
import type { ChannelBinding } from './channel-binding.ts';
import { deriveKey } from './derivation.ts';
import { saslPrepared } from './prepared.ts';

/** Hash functions by the mechanism that uses them (RFC 5802, RFC 7677). */
export const scramHashes = {
  'SCRAM-SHA-512': { hash: 'sha512', bytes: 64 },
  'SCRAM-SHA-256': { hash: 'sha256', bytes: 32 },
  'SCRAM-SHA-1': { hash: 'sha1', bytes: 20 },
} as const;

/** A SCRAM mechanism without channel binding. */
export type ScramMechanism = keyof typeof scramHashes;

/**
 * More rounds are refused: 100,000 take 0.1 s of a thread for each login, and servers ask for 4,096 to
 * 10,000. Fewer than the 4,096 of RFC 5802 §5.1 are accepted, for that is a SHOULD: a server under test may
 * ask for few to make logins cheap, as the embedded server does.
 */
const MAX_ROUNDS = 100_000;
/** Maximum length of a salt, which is kept with the salted password. */
const MAX_SALT_LENGTH = 1000;
/** Maximum number of salted passwords that a process keeps; the oldest are dropped. */
const MAX_KEPT = 100_000;

/**
 * Salted passwords of this process: a load generator must not spend its core on PBKDF2 when the same account
 * logs in again with the same salt.
 */
const salted = new Map<string, Buffer>();

/** What an exchange needs. */
export interface ScramOptions {
  mechanism: ScramMechanism;
  username: string;
  password: string;
  /** `unused`: the client could have bound, but the server did not offer it. */
  binding?: ChannelBinding | 'unused' | undefined;
  /** Whether the salted password is kept. @default true */
  isCached?: boolean;
  /** Checked when the login's turn comes to derive a key. @default the login has not ended */
  isWanted?: () => boolean;
  /** Called with the number of rounds that the server asks for. */
  onRounds?: (rounds: number) => void;
  /** Set by tests only. */
  nonce?: string;
}

/** The client's side of one SCRAM exchange (RFC 5802 §5). */
export class ScramClient {
  readonly #options: ScramOptions;
  readonly #nonce: string;
  readonly #firstBare: string;
  /** `n,,`, `y,,` or `p=tls-exporter,,`. */
  readonly #header: string;
  #serverSignature: string | undefined;

  constructor(options: ScramOptions) {
    this.#options = options;
    const { username, binding, nonce = randomBytes(18).toString('base64') } = options;
    this.#nonce = nonce;
    this.#firstBare = `n=${saslName(username)},r=${nonce}`;
    const flag = binding === undefined ? 'n' : binding === 'unused' ? 'y' : `p=${binding.type}`;
    this.#header = `${flag},,`;
  }

  /** The client's first message. */
  first(): string {
    return this.#header + this.#firstBare;
  }

  /**
   * The client's final message, in answer to the server's first.
   *
   * @throws {AmocError} `AUTHENTICATION` when the server's message is invalid
   */
  async final(serverFirst: string): Promise<string> {
    const { nonce, salt, rounds } = parseServerFirst(serverFirst, this.#nonce);
    const { mechanism, binding, onRounds } = this.#options;
    const { hash } = scramHashes[mechanism];
    onRounds?.(rounds);
    const key = await saltedPassword(this.#options, salt, rounds);
    const clientKey = hmac(hash, key, 'Client Key');
    const storedKey = createHash(hash).update(clientKey).digest();
    const header = Buffer.from(this.#header);
    const bound = typeof binding === 'object' ? Buffer.concat([header, binding.data]) : header;
    const withoutProof = `c=${bound.toString('base64')},r=${nonce}`;
    const signed = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const signature = hmac(hash, storedKey, signed);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] as number)));
    this.#serverSignature = hmac(hash, hmac(hash, key, 'Server Key'), signed).toString('base64');
    return `${withoutProof},p=${proof.toString('base64')}`;
  }

  /** Whether the server's final message has the right signature: then it knows the password too. */
  verifies(serverFinal: string): boolean {
    const given = Buffer.from(/^v=([^,]+)/.exec(serverFinal)?.[1] ?? '');
    const expected = Buffer.from(this.#serverSignature ?? '');
    return (
      expected.length > 0 && given.length === expected.length && timingSafeEqual(given, expected)
    );
  }
}

function parseServerFirst(
  message: string,
  clientNonce: string,
): { nonce: string; salt: string; rounds: number } {
  const [, nonce, salt, count] = /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=(\d{1,9})/.exec(message) ?? [];
  const rounds = Number(count);
  if (nonce === undefined || salt === undefined || rounds < 1) {
    throw new AmocError('AUTHENTICATION', 'the SCRAM challenge of the server is malformed');
  }
  if (!nonce.startsWith(clientNonce) || nonce === clientNonce) {
    throw new AmocError('AUTHENTICATION', 'the SCRAM nonce of the server does not continue ours');
  }
  if (rounds > MAX_ROUNDS) {
    throw new AmocError(
      'AUTHENTICATION',
      `the server asks for ${rounds} rounds of SCRAM; at most ${MAX_ROUNDS} are supported`,
    );
  }
  if (salt.length > MAX_SALT_LENGTH) {
    throw new AmocError(
      'AUTHENTICATION',
      `the SCRAM salt of the server has ${salt.length} characters; at most ${MAX_SALT_LENGTH} are supported`,
    );
  }
  return { nonce, salt, rounds };
}

async function saltedPassword(
  { mechanism, password, isCached = true, isWanted = () => true }: ScramOptions,
  salt: string,
  rounds: number,
): Promise<Buffer> {
  const key = `${mechanism}\0${salt}\0${rounds}\0${password}`;
  const kept = (): Buffer | undefined => (isCached ? salted.get(key) : undefined);
  const known = kept();
  if (known !== undefined) return known;
  const parts = {
    password: await saslPrepared(password),
    salt: Buffer.from(salt, 'base64'),
    rounds,
  };
  const made = await deriveKey({ ...parts, ...scramHashes[mechanism] }, kept, isWanted);
  if (!isCached) return made;
  salted.set(key, made);
  if (salted.size > MAX_KEPT) salted.delete(salted.keys().next().value as string);
  return made;
}

/** RFC 5802 §5.1: `,` and `=` have a special meaning in the messages. */
function saslName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

function hmac(hash: string, key: Buffer, text: string): Buffer {
  return createHmac(hash, key).update(text).digest();
}
