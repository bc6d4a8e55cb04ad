import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { withTimeout } from '../lib/abort.ts';
import type { Clock } from '../lib/clock.ts';
import { AmocError } from '../lib/errors.ts';
import { handshakeMessage, PROTOCOL_VERSION } from './messages.ts';
import type { HandshakeMessage, NodeInfo } from './messages.ts';
import type { Transport } from './transport.ts';

/** How long either side waits for the other's next message of the handshake. */
export const HANDSHAKE_TIMEOUT_MS = 5000;

type Hello = Extract<HandshakeMessage, { type: 'hello' }>;

/** Who has proved to know the cookie. */
export interface Joined {
  role: Hello['role'];
  info: NodeInfo;
}

/**
 * The master's side: challenges, checks the proof, proves itself. Nothing else of the peer is looked
 * at before.
 *
 * @throws {AmocError} `AUTHENTICATION`, `PROTOCOL` or `TIMEOUT`; the transport is closed then, and
 * the other side was told why as far as it may know.
 */
export async function acceptHandshake(
  transport: Transport,
  cookie: string,
  clock: Clock,
): Promise<Joined> {
  const nonce = randomBytes(32).toString('hex');
  const answer = nextMessage(transport, clock);
  send(transport, { type: 'challenge', version: PROTOCOL_VERSION, nonce });
  const hello = await answer;
  if (hello.type !== 'hello') throw refuse(transport, 'PROTOCOL', 'expected hello');
  if (hello.version !== PROTOCOL_VERSION) {
    throw refuse(
      transport,
      'PROTOCOL',
      `this master speaks protocol ${PROTOCOL_VERSION}, the node speaks ${hello.version}; install the same amoc on both`,
    );
  }
  const expected = proofOf(cookie, hello.role, nonce, hello.nonce, hello.info);
  if (!equal(expected, hello.proof)) {
    throw refuse(
      transport,
      'AUTHENTICATION',
      'wrong cookie; AMOC_COOKIE or ~/.amoc.cookie must be the same on all machines',
    );
  }
  send(transport, {
    type: 'welcome',
    proof: proofOf(cookie, 'master', nonce, hello.nonce, hello.info),
  });
  return { role: hello.role, info: hello.info };
}

/**
 * The slave's side.
 *
 * @throws {AmocError} `AUTHENTICATION` when the master refuses, or does not know the cookie itself.
 */
export async function offerHandshake(
  transport: Transport,
  cookie: string,
  role: Hello['role'],
  info: NodeInfo,
  clock: Clock,
): Promise<void> {
  const challenge = await nextMessage(transport, clock);
  if (challenge.type === 'refused') throw new AmocError('AUTHENTICATION', challenge.reason);
  if (challenge.type !== 'challenge') throw refuse(transport, 'PROTOCOL', 'expected challenge');
  const nonce = randomBytes(32).toString('hex');
  const answer = nextMessage(transport, clock);
  send(transport, {
    type: 'hello',
    version: PROTOCOL_VERSION,
    role,
    nonce,
    proof: proofOf(cookie, role, challenge.nonce, nonce, info),
    info,
  });
  const welcome = await answer;
  if (welcome.type === 'refused') throw new AmocError('AUTHENTICATION', welcome.reason);
  const expected = proofOf(cookie, 'master', challenge.nonce, nonce, info);
  if (welcome.type !== 'welcome' || !equal(expected, welcome.proof)) {
    throw refuse(transport, 'AUTHENTICATION', 'the master does not know the cookie');
  }
}

/** HMAC-SHA-256 over both nonces, the role, the name and the identity: a proof is good for one connection and one side. */
function proofOf(
  cookie: string,
  role: string,
  masterNonce: string,
  slaveNonce: string,
  { name, identity }: NodeInfo,
): string {
  return createHmac('sha256', cookie)
    .update(`amoc/${PROTOCOL_VERSION}|${role}|${masterNonce}|${slaveNonce}|${name}|${identity}`)
    .digest('hex');
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

async function nextMessage(transport: Transport, clock: Clock): Promise<HandshakeMessage> {
  try {
    const arrival = transport.nextFrame();
    const frame = await withTimeout(arrival, HANDSHAKE_TIMEOUT_MS, 'the handshake', clock);
    if (frame.length > 10_000) throw new AmocError('PROTOCOL', 'handshake message too long');
    return handshakeMessage.parse(JSON.parse(frame));
  } catch (error) {
    transport.close('handshake failed');
    if (error instanceof AmocError) throw error;
    throw new AmocError('PROTOCOL', 'malformed handshake message', { cause: error });
  }
}

function refuse(
  transport: Transport,
  code: 'AUTHENTICATION' | 'PROTOCOL',
  reason: string,
): AmocError {
  send(transport, { type: 'refused', reason });
  transport.close(reason);
  return new AmocError(code, reason);
}

function send(transport: Transport, message: HandshakeMessage): void {
  transport.send(JSON.stringify(message));
}
