import type { MetricsRegistry } from '../../metrics/metrics.ts';

/** Maximum number of reasons that are counted separately; further ones are counted under `other`. */
const MAX_REASONS = 30;
const MAX_REASON_LENGTH = 60;
/** The reason when the scenario itself cut the connection. */
const OWN = 'cut';

/**
 * Counts lost sessions by reason, and reports the first for each reason: a user that sleeps does not notice.
 */
export class Losses {
  readonly #metrics: MetricsRegistry;
  readonly #tell: (text: string, jid: string) => void;
  readonly #reasons = new Set<string>();

  constructor(metrics: MetricsRegistry, tell: (text: string, jid: string) => void) {
    this.#metrics = metrics;
    this.#tell = tell;
  }

  count(why: string, jid: string): void {
    const reason = this.#known(why.slice(0, MAX_REASON_LENGTH));
    this.#metrics.counter('connections_lost').add();
    this.#metrics.counter('connections_lost_by', { reason }).add();
    if (this.#reasons.has(reason)) return;
    this.#reasons.add(reason);
    if (reason === OWN) return;
    this.#tell(
      `a session was lost: ${why}; further losses for this reason are counted, not logged`,
      jid,
    );
  }

  #known(reason: string): string {
    return this.#reasons.has(reason) || this.#reasons.size < MAX_REASONS ? reason : 'other';
  }
}
