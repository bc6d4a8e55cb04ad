import type { DecodedDelta, MetricsTotals } from '../metrics/totals.ts';
import type { RunDefinition } from './definition.ts';
import type { RunEvent } from './event.ts';
import type { RunRecord, RunResult } from './result.ts';
import type { SecondRow } from './second.ts';

/**
 * Follows runs as they happen, with those methods that it needs. What it throws is reported, and does not harm
 * the run. Figures are decoded, and all observers get the same objects: none of them changes one.
 */
export interface RunObserver {
  started?(definition: RunDefinition): void;
  /** @param totals of the run so far */
  second?(row: SecondRow, totals: MetricsTotals): void;
  event?(event: RunEvent, definition: RunDefinition | undefined): void;
  ended?(result: RunResult): void;
  /** How much is kept of the run that ended last; only for observers that keep runs. */
  record?(): RunRecord;
  /** Gets what one process reported. */
  report?(node: ReportingNode, delta: DecodedDelta): void;
}

/** The process that sent a report. */
export interface ReportingNode {
  name: string;
  labels: Readonly<Record<string, string>>;
}
