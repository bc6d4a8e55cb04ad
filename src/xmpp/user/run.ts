import type { DriverContext, UserHost } from '../../drivers/mod.ts';
import type { ConnectContext } from '../login/connect.ts';
import type { LoginWarning } from '../login/mechanisms.ts';
import type { SessionObserver } from '../session/session-parts.ts';
import type { XmppSettings } from '../settings.ts';
import { Losses } from './losses.ts';

/** What the XMPP users of one run in one process share: the settings, and what counts their stanzas. */
export class XmppRun {
  readonly context: DriverContext;
  /** Live: an update changes the object. */
  readonly settings: XmppSettings;
  readonly observer: SessionObserver;
  /** Kinds of warnings that were given: thousands of users would give the same one. */
  readonly #warned = new Set<LoginWarning>();
  readonly #onWarning: ConnectContext['onWarning'];

  constructor(context: DriverContext) {
    this.context = context;
    this.settings = context.settings as unknown as XmppSettings;
    this.observer = observerOf(context);
    this.#onWarning = (warning, text) => {
      if (this.#warned.has(warning)) return;
      this.#warned.add(warning);
      context.warn(`${text}; reported once per run`);
    };
  }

  /** What one connection of a user needs. */
  connectContext(host: UserHost): ConnectContext {
    const { now, onStray, schedule } = this.context;
    return {
      observer: this.observer,
      onError: onStray,
      onWarning: this.#onWarning,
      watcher: () => host.watcher,
      onAbort: (abort) => {
        const close = (): void => abort(host.removal());
        host.hold(close);
        return () => host.release(close);
      },
      now,
      schedule,
    };
  }
}

/** Counts what sessions do; each counter is looked up once, because each stanza counts. */
function observerOf({ metrics, warn }: DriverContext): SessionObserver {
  const sent = metrics.counter('stanzas_sent');
  const bytesSent = metrics.counter('bytes_sent');
  const bytesReceived = metrics.counter('bytes_received');
  const received = metrics.counter('stanzas_received');
  const messagesSent = metrics.counter('messages_sent');
  const messagesReceived = metrics.counter('messages_received');
  const losses = new Losses(metrics, (text, jid) => warn(text, { jid }));
  const connection = metrics.histogram('connection');
  const delayed = metrics.counter('messages_delayed');
  const delay = metrics.histogram('message_delay');
  const dropped = metrics.counter('stanzas_dropped');
  const delivery = metrics.histogram('message_ttd');
  const answered = metrics.histogram('iq');
  return {
    connected: (kind, ms) => {
      connection.record(ms);
      metrics.histogram('connection_by', 'ms', { kind }).record(ms);
    },
    sent: (name, length) => {
      sent.value++;
      bytesSent.value += length;
      if (name === 'message') messagesSent.add();
    },
    received: (name, length) => {
      received.value++;
      bytesReceived.value += length;
      if (name === 'message') messagesReceived.add();
    },
    delivered: (ms) => delivery.record(ms),
    answered: (ms) => answered.record(ms),
    dropped: () => dropped.add(),
    lost: (reason, jid) => losses.count(reason, jid),
    delayed: (ms) => {
      delayed.add();
      delay.record(ms);
    },
  };
}
