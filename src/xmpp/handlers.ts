import type { Predicate } from './predicates.ts';
import type { Session } from './session.ts';
import type { Stanza } from './stanza.ts';

/** What to do with a stanza. Only of a stanza that was received: `false` leaves it to others. */
export type StanzaAction = (stanza: Stanza, session: Session) => unknown;

/** A predicate on what is received, or on what is sent, and what to do with the stanza. */
export type StanzaHandler =
  { received: Predicate; action: StanzaAction } | { sent: Predicate; action: StanzaAction };

/** Whose log and counters tell of a stanza that nobody took: a `User` is one. */
export interface UnhandledLog {
  /** Those of the run: each run warns for itself. */
  readonly settings: object;
  readonly log: { warn(message: string, fields?: Record<string, unknown>): void };
  readonly metrics: {
    counter(name: string, labels?: Readonly<Record<string, string>>): { add(): void };
  };
}

/** Options of {@link handle}. */
export interface HandleOptions {
  /**
   * Told of each stanza that was received and that neither a handler nor a wait took, with its kind
   * (`message chat`, `presence error`, `iq set`). A user in place of a function counts it as
   * `unhandled_stanzas{kind}` and warns of the first of each kind in each process.
   */
  unhandled?: ((stanza: Stanza, kind: string) => unknown) | UnhandledLog;
}

/**
 * Handles stanzas by a list of predicates and actions. The first handler whose predicate accepts a stanza has
 * it. A stanza that was received is then taken: no `waitForStanza` gets it, unless the action gives back `false`.
 * What the session has kept before is handled first. The answers that `sendIq` waits for come to no handler.
 *
 * ```ts
 * handle(session, [
 *   { received: isChatMessage(), action: () => user.metrics.counter('chats').add() },
 *   { sent: isPresence(), action: () => user.metrics.counter('presences_sent').add() },
 * ], { unhandled: user });
 * ```
 *
 * What an action throws is counted as an error of the run, and the session goes on.
 *
 * @returns ends it
 */
export function handle(
  session: Session,
  handlers: readonly StanzaHandler[],
  { unhandled }: HandleOptions = {},
): () => void {
  const received = handlers.filter((each) => 'received' in each);
  const sent = handlers.filter((each) => 'sent' in each);
  const perform = (action: StanzaAction, stanza: Stanza): boolean => {
    try {
      const outcome = action(stanza, session);
      if (outcome instanceof Promise) outcome.catch((error: unknown) => session.report(error));
      return outcome !== false;
    } catch (error) {
      session.report(error);
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

/** The types of RFC 6120 and RFC 6121: others are one kind, or a server could make as many as it likes. */
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

/** The kinds that a process has been warned of, by the settings of its run. */
const warned = new WeakMap<object, Set<string>>();

/** Of the stanza, what a line of a log can show. */
const SHOWN_LENGTH = 300;

function warnOf({ log, metrics, settings }: UnhandledLog): (stanza: Stanza, kind: string) => void {
  return (stanza, kind) => {
    metrics.counter('unhandled_stanzas', { kind }).add();
    let kinds = warned.get(settings);
    if (kinds === undefined) warned.set(settings, (kinds = new Set()));
    if (kinds.has(kind)) return;
    kinds.add(kind);
    const shown = stanza.text.slice(0, SHOWN_LENGTH);
    log.warn(`nobody took a stanza (${kind}), and perhaps more of this kind: ${shown}`);
  };
}
