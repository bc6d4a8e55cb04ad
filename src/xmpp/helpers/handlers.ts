import type { Predicate } from '../predicates.ts';
import { mailboxOf } from '../session/session.ts';
import type { Session } from '../session/session.ts';
import type { Stanza } from '../stanza.ts';

/**
 * What to do with a stanza. For a received stanza, returning `false` leaves it to other handlers and waits.
 */
export type StanzaAction = (stanza: Stanza, session: Session) => unknown;

/** A predicate on received or on sent stanzas, and what to do with a stanza that it accepts. */
export type StanzaHandler =
  { received: Predicate; action: StanzaAction } | { sent: Predicate; action: StanzaAction };

/** The log and the counters that report unhandled stanzas: a `User` is one. */
export interface UnhandledLog {
  /** The settings of the run; each run warns separately. */
  readonly settings: object;
  readonly log: { warn(message: string, fields?: Record<string, unknown>): void };
  readonly metrics: {
    counter(name: string, labels?: Readonly<Record<string, string>>): { add(): void };
  };
}

/** Options of {@link handle}. */
export interface HandleOptions {
  /**
   * Called with each received stanza that neither a handler nor a wait took, and with its kind
   * (`message chat`, `presence error`, `iq set`). When a user is given in place of a function, the stanza is
   * counted as `unhandled_stanzas{kind}`, and each process warns of the first stanza of each kind.
   */
  unhandled?: ((stanza: Stanza, kind: string) => unknown) | UnhandledLog;
}

/**
 * Handles stanzas by a list of predicates and actions. The first handler whose predicate accepts a stanza
 * gets it. A received stanza is then taken: no `waitForStanza` gets it, unless the action returns `false`.
 * Stanzas that the session has kept are handled first. Answers that `sendIq` waits for go to no handler.
 *
 * ```ts
 * handle(session, [
 *   { received: isChatMessage(), action: () => user.metrics.counter('chats').add() },
 *   { sent: isPresence(), action: () => user.metrics.counter('presences_sent').add() },
 * ], { unhandled: user });
 * ```
 *
 * What an action throws is counted as an error of the run, and the session continues.
 *
 * @returns a function that ends the handling
 */
export function handle(
  session: Session,
  handlers: readonly StanzaHandler[],
  { unhandled }: HandleOptions = {},
): () => void {
  const received = handlers.filter((each) => 'received' in each);
  const sent = handlers.filter((each) => 'sent' in each);
  const report = (error: unknown): void => mailboxOf(session).report(error);
  const perform = (action: StanzaAction, stanza: Stanza): boolean => {
    try {
      const outcome = action(stanza, session);
      if (outcome instanceof Promise) outcome.catch(report);
      return outcome !== false;
    } catch (error) {
      report(error);
      return true;
    }
  };
  const take = (stanza: Stanza): boolean =>
    received.some((each) => each.received(stanza) && perform(each.action, stanza));
  const ends: (() => void)[] = [];
  if (received.length > 0) {
    for (const kept of [...session.peekStanzas()]) {
      if (take(kept)) session.takeStanza((each) => each === kept);
    }
    ends.push(session.onStanza(take));
  }
  if (sent.length > 0) {
    const tell = (stanza: Stanza): void => {
      const handler = sent.find((each) => each.sent(stanza));
      if (handler !== undefined) perform(handler.action, stanza);
    };
    ends.push(session.onSent(tell));
  }
  if (unhandled !== undefined) {
    const tell = typeof unhandled === 'function' ? unhandled : warnOf(unhandled);
    ends.push(session.onUnhandled((stanza) => tell(stanza, stanzaKind(stanza))));
  }
  return () => {
    for (const end of ends) end();
  };
}

/**
 * The types of RFC 6120 and RFC 6121. All others share one kind; otherwise a server could create any number
 * of kinds.
 */
const types: Readonly<Record<string, readonly string[]>> = {
  message: ['normal', 'chat', 'groupchat', 'headline', 'error'],
  presence: [
    ...['available', 'unavailable', 'error', 'probe'],
    ...['subscribe', 'subscribed', 'unsubscribe', 'unsubscribed'],
  ],
  iq: ['get', 'set', 'result', 'error'],
};

/** `message chat`, `presence available`, `iq set`. */
function stanzaKind({ name, type }: Stanza): string {
  const [usual, ...more] = types[name] ?? [];
  const shown = type ?? usual ?? '';
  return `${name} ${shown === usual || more.includes(shown) ? shown : 'other'}`;
}

/** The kinds that this process has warned of, by the settings of the run. */
const warned = new WeakMap<object, Set<string>>();

/** How much of a stanza's text a log line shows. */
const SHOWN_LENGTH = 300;

function warnOf({ log, metrics, settings }: UnhandledLog): (stanza: Stanza, kind: string) => void {
  return (stanza, kind) => {
    metrics.counter('unhandled_stanzas', { kind }).add();
    let kinds = warned.get(settings);
    if (kinds === undefined) warned.set(settings, (kinds = new Set()));
    if (kinds.has(kind)) return;
    kinds.add(kind);
    const shown = stanza.text.slice(0, SHOWN_LENGTH);
    log.warn(`unhandled stanza (${kind}); further ones are only counted: ${shown}`);
  };
}
