import { z } from 'zod';
import { nodeInfo } from './node.ts';

/** Raised when a message changes its meaning; both sides must have the same version. */
export const PROTOCOL_VERSION = 7;

/** Maximum number of bytes before a connection has proved itself: the handshake takes some hundred. */
export const MAX_STRANGER_BYTES = 16 * 1024;

const nonce = z.string().regex(/^[0-9a-f]{64}$/);

const refusals = ['EVICTED', 'NAME_TAKEN'] as const;

/** Why a process that knows the cookie may not join; also the code of the error there. */
export interface Refusal {
  code: (typeof refusals)[number];
  reason: string;
}

/** The messages before trust: small, and the only ones that a stranger can send. */
export const handshakeMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('challenge'), version: z.number().int(), nonce }),
  z.object({
    type: z.literal('hello'),
    version: z.number().int(),
    role: z.enum(['slave', 'watchdog']),
    nonce,
    proof: nonce,
    info: nodeInfo,
    /** For a watchdog: the key that proves that it belongs to the process that it names. */
    key: nonce.optional(),
  }),
  z.object({ type: z.literal('welcome'), proof: nonce }),
  z.object({
    type: z.literal('refused'),
    reason: z.string().max(500),
    /**
     * From a master that knows the cookie, as in `welcome`; only such a refusal is final for the other side.
     */
    proof: nonce.optional(),
    why: z.enum(refusals).optional(),
  }),
]);

/** A message of the handshake. */
export type HandshakeMessage = z.infer<typeof handshakeMessage>;
