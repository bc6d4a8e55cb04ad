/** The verdict of a threshold on a run so far. */
export interface Verdict {
  /** As it was given: `message_ttd p99 < 200ms`. */
  threshold: string;
  passed: boolean;
  /** In the unit of the limit; `undefined` when nothing was recorded. */
  value: number | undefined;
  limit: number;
  unit: '' | 'ms' | '%' | '/s';
}
