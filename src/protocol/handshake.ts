import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { withTimeout } from '../lib/time/async.ts';
import type { Clock } from '../lib/time/clock.ts';
import { AmocError } from '../lib/errors.ts';
import { handshakeMessage, PROTOCOL_VERSION } from './messages.ts';
import type { HandshakeMessage, NodeInfo, Refusal } from './messages.ts';
import type { Transport } from './transport.ts';

/** How long either side waits for the other's next message of the handshake. */
export const HANDSHAKE_TIMEOUT_MS = 5000;

type Hello = Extract<HandshakeMessage, { type: 'hello' }>;

/** A peer that has proved that it knows the cookie. */
export interface Joined {
  role: Hello['role'];
  info: NodeInfo;
  /** For a watchdog: the key that proves that it belongs to the process that it names. */
  key?: string;
}

/**
 * The master's side: challenges the peer, checks its proof, and proves itself. Nothing else from the peer is
 * looked at before.
 *
 * @param refusalOf whether a process that has proved itself may not join, and why
 * @throws {AmocError} `AUTHENTICATION`, `EVICTED`, `NAME_TAKEN`, `PROTOCOL` or `TIMEOUT`; the transport is
 * then closed, and the peer was told as much of the reason as it may know
 */
export async function acceptHandshake(
  transport: Transport,
  cookie: string,
  clock: Clock,
  refusalOf: (joined: Joined) => Refusal | undefined = () => undefined,
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
  const { channelBinding } = transport;
  const expected = proofOf(cookie, hello.role, nonce, hello.nonce, hello.info, channelBinding);
  if (!equal(expected, hello.proof)) {
    throw refuse(
      transport,
      'AUTHENTICATION',
      'wrong cookie; AMOC_COOKIE or ~/.amoc.cookie must be the same on all machines',
    );
  }
  const { role, info, key } = hello;
  const joined: Joined = { role, info, ...(key === undefined ? {} : { key }) };
  const proof = proofOf(cookie, 'master', nonce, hello.nonce, info, channelBinding);
  const refusal = refusalOf(joined);
  if (refusal !== undefined) {
    const { code, reason } = refusal;
    send(transport, { type: 'refused', reason, proof, why: code });
    transport.close(reason);
    throw new AmocError(code, reason);
  }
  send(transport, { type: 'welcome', proof });
  return joined;
}

/**
 * The slave's side.
 *
 * @throws {AmocError} `EVICTED` or `NAME_TAKEN` when a master that knows the cookie refuses the process for
 * that reason; `AUTHENTICATION` when the master refuses it for another one, or does not know the cookie
 * itself
 */
export async function offerHandshake(
  transport: Transport,
  cookie: string,
  role: Hello['role'],
  info: NodeInfo,
  clock: Clock,
  key?: string,
): Promise<void> {
  const { channelBinding } = transport;
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
    proof: proofOf(cookie, role, challenge.nonce, nonce, info, channelBinding),
    info,
    ...(key === undefined ? {} : { key }),
  });
  const welcome = await answer;
  const expected = proofOf(cookie, 'master', challenge.nonce, nonce, info, channelBinding);
  if (welcome.type === 'refused') {
    const isProved = welcome.proof !== undefined && equal(expected, welcome.proof);
    const code = (isProved ? welcome.why : undefined) ?? 'AUTHENTICATION';
    throw new AmocError(code, welcome.reason);
  }
  if (welcome.type !== 'welcome' || !equal(expected, welcome.proof)) {
    throw refuse(transport, 'AUTHENTICATION', 'the master does not know the cookie');
  }
}

/**
 * HMAC-SHA-256 over both nonces, the role, the name, the identity and the TLS channel: a proof is valid for
 * one connection and one side and, with TLS, useless to anyone between two TLS connections.
 */
function proofOf(
  cookie: string,
  role: string,
  masterNonce: string,
  slaveNonce: string,
  { name, identity }: NodeInfo,
  channelBinding: string,
): string {
  return createHmac('sha256', cookie)
    .update(
      `amoc/${PROTOCOL_VERSION}|${role}|${masterNonce}|${slaveNonce}|${name}|${identity}|${channelBinding}`,
    )
    .digest('hex');
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

async function nextMessage(transport: Transport, clock: Clock): Promise<HandshakeMessage> {
  try {
    const arrival = transport.nextFrame();
    const frame = await withTimeout(arrival, HANDSHAKE_TIMEOUT_MS, 'the handshake', clock);
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
