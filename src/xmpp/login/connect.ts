import { AmocError } from '../../lib/errors.ts';
import { backoffMs } from '../../lib/time/backoff.ts';
import type { ConnectOptions, ReconnectPolicy } from '../connect-options.ts';
import { ConnectError } from '../errors.ts';
import { openSession } from '../session/session.ts';
import type { Session } from '../session/session.ts';
import type { Loss, OpenedStream, Revivable, SessionDeps } from '../session/session-parts.ts';
import { Stanza } from '../stanza.ts';
import { stanzaErrorOf } from '../stanza-errors.ts';
import { registerAccount } from '../stanzas/register.ts';
import { StreamManagement } from '../session/stream-management.ts';
import type { Resumption } from '../session/stream-management.ts';
import { Negotiation } from './negotiation.ts';
import type { Negotiated } from './negotiation.ts';
import { depsOf } from './connect-context.ts';
import type { ConnectContext } from './connect-context.ts';
import { followHosts } from './see-other-host.ts';

/** A connection that lasted this long ends a series of losses. */
const STEADY_MS = 10_000;

export type { ConnectContext } from './connect-context.ts';

/**
 * Logs in: connects, negotiates TLS, SASL and the resource with `@xmpp/client`, and gives the
 * connection to a session.
 *
 * @throws {ConnectError} naming the stage; everything that was opened is closed
 */
export async function connect(options: ConnectOptions, context: ConnectContext): Promise<Session> {
  const negotiated = await logIn(options, context);
  const { sendBuffer, answersRequests, capabilities, reconnect } = options;
  const revive = reconnect && reviverOf(options, reconnect, context);
  return openSession(
    openedBy(negotiated, options.resume),
    { sendBuffer, answersRequests, capabilities },
    depsOf(context, revive),
  );
}

async function logIn(
  options: ConnectOptions,
  context: ConnectContext,
  elsewhere?: string,
): Promise<Negotiated> {
  const began = context.now();
  const negotiated = await followHosts(
    options,
    context.now,
    (at) => new Negotiation(at, context).login(),
    elsewhere,
  );
  context.observer.connected(negotiated.kind, context.now() - began);
  return negotiated;
}

/** A function of its own, so that a session without a policy does not keep its options alive. */
function reviverOf(
  options: ConnectOptions,
  policy: ReconnectPolicy,
  context: ConnectContext,
): NonNullable<SessionDeps['revive']> {
  const losses = new LossesInARow(context.now);
  return (session, why) => revive(session, why, { options, policy, context, losses });
}

/** What a login hands over to its session. */
function openedBy(
  { jid, wire, early, resumedAt }: Negotiated,
  resume: Resumption | undefined,
): OpenedStream {
  if (resume === undefined || resumedAt === undefined) return { jid, wire, early };
  const management = StreamManagement.resumed(resume);
  management.acknowledge(resumedAt);
  return { jid, wire, early, management };
}

/** Losses of one session in quick succession: a server that ends it again and again is not dialled faster. */
class LossesInARow {
  readonly #now: () => number;
  #inARow = 0;
  #upSince = -Infinity;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many losses came before this one, with hardly any time in between. */
  next(): number {
    if (this.#now() - this.#upSince > STEADY_MS) this.#inARow = 0;
    return this.#inARow++;
  }

  replaced(): void {
    this.#upSince = this.#now();
  }
}

/** How to replace a connection. */
interface Replacement {
  options: ConnectOptions;
  policy: ReconnectPolicy;
  context: ConnectContext;
  losses: LossesInARow;
}

/** Replaces a lost connection, after exponential back-off with full jitter. */
async function revive(
  session: Revivable,
  { text, elsewhere }: Loss,
  { options, policy, context, losses }: Replacement,
): Promise<void> {
  const before = losses.next();
  let last: unknown = new AmocError('CONNECTION', text);
  for (let attempt = 0; attempt < policy.attempts; attempt++) {
    const delayMs = backoffMs(before + attempt, policy, Math.random());
    await new Promise<void>((resolve) => context.schedule(delayMs, resolve));
    if (!session.isOpen) return;
    try {
      const resume = session.resumption;
      // The host that the server redirected to may be down: only the first attempt goes there.
      const first = attempt === 0 ? elsewhere : undefined;
      const negotiated = await logIn({ ...options, resume }, context, first);
      losses.replaced();
      session.continueOn(openedBy(negotiated, resume), negotiated.handled);
      return;
    } catch (error) {
      last = error;
      // Trying again does not make a wrong password right.
      if (!(error instanceof ConnectError) || error.condition === 'not-authorized') break;
    }
  }
  throw last;
}

/**
 * Creates an account in-band (XEP-0077), on a connection of its own.
 *
 * @returns whether the account was created now or existed already
 * @throws {ConnectError} stage `register` when the server refuses it
 */
export async function register(
  options: ConnectOptions,
  context: ConnectContext,
): Promise<'created' | 'exists'> {
  return followHosts(options, context.now, (at) => registerAt(at, context));
}

async function registerAt(
  options: ConnectOptions,
  context: ConnectContext,
): Promise<'created' | 'exists'> {
  const negotiation = new Negotiation(options, context);
  const outcome = await negotiation.race.run(async () => {
    await negotiation.openOnly();
    negotiation.race.stage = 'register';
    negotiation.warn('clear-password', 'a registration sends the password in the clear');
    const request = registerAccount(options.username, options.password);
    const answer = Stanza.of(await negotiation.xmpp.sendReceive(request));
    if (answer.type !== 'error') return 'created';
    const error = stanzaErrorOf(answer);
    if (error.condition !== 'conflict') throw error;
    return 'exists';
  });
  negotiation.close();
  return outcome;
}
