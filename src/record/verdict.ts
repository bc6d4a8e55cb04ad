/** The verdict of a threshold on a run so far. */
export interface Verdict {
  /** As it was given: `message_ttd p99 < 200ms`. */
  threshold: string;
  passed: boolean;
  /** In the unit of the limit; `undefined` when nothing was recorded. Of a threshold over a window: the worst. */
  value: number | undefined;
  limit: number;
  unit: '' | 'ms' | '%' | '/s';
  /** Only of a threshold over a window: how it did from second to second. */
  window?: WindowVerdict;
}

/** How a threshold over a window did, over the seconds after `abortDelay`. */
export interface WindowVerdict {
  overMs: number;
  /** In how many seconds it was judged: those in which the window had figures. */
  judged: number;
  /** In how many of them it was missed. */
  missed: number;
  /** The value of the last window that had figures. */
  last?: number;
}
