import type { MetricsRegistry } from '../metrics/metrics.ts';

/** Reasons that are told one by one; a server that makes up more of them is counted under `other`. */
const MOST_REASONS = 30;
const LONGEST_REASON = 60;
/** What a scenario has done itself. */
const OWN = 'cut';

/** Counts sessions that were lost, by reason, and tells of the first for each reason: a user that sleeps does not notice. */
export class Losses {
  readonly #metrics: MetricsRegistry;
  readonly #tell: (text: string, jid: string) => void;
  readonly #reasons = new Set<string>();

  constructor(metrics: MetricsRegistry, tell: (text: string, jid: string) => void) {
    this.#metrics = metrics;
    this.#tell = tell;
  }

  count(why: string, jid: string): void {
    const reason = this.#known(why.slice(0, LONGEST_REASON));
    this.#metrics.counter('connections_lost').add();
    this.#metrics.counter('connections_lost_by', { reason }).add();
    if (this.#reasons.has(reason)) return;
    this.#reasons.add(reason);
    if (reason === OWN) return;
    this.#tell(
      `a session was lost: ${why}; those that follow for this reason are only counted`,
      jid,
    );
  }

  #known(reason: string): string {
    return this.#reasons.has(reason) || this.#reasons.size < MOST_REASONS ? reason : 'other';
  }
}
