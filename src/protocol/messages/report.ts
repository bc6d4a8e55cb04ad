import { z } from 'zod';
import { units } from '../../metrics/catalogue.ts';
import { isSeriesKey } from '../../metrics/labels.ts';
import { MAX_PER_PROCESS } from '../../metrics/metrics.ts';
import { load } from './node.ts';
import { digest, ended, userCounts } from './users.ts';
import { count, runId } from './values.ts';

/** Name of a metric, with its labels. */
const series = z.string().max(1000).refine(isSeriesKey, 'is not the name of a metric');

/** A value of one report: far above what a counter accepts, and far below where a sum would overflow. */
const metricValue = z.number().min(-1e40).max(1e40);

/** Values by the names of their metrics; the number of entries is checked before the entries. */
const bySeries = <V extends z.ZodType>(value: V): z.ZodType<Record<string, z.infer<V>>> =>
  z
    .custom(
      (given) => typeof given !== 'object' || Object.keys(given ?? {}).length <= MAX_PER_PROCESS,
      'has more metrics than a process can have',
    )
    .pipe(z.record(series, value));

const delta = z.object({
  counters: bySeries(metricValue.min(0)),
  histograms: bySeries(z.string().max(256 * 1024)),
  gauges: bySeries(metricValue).optional(),
  units: z.record(z.string().max(100), z.enum(units)).optional(),
  recorded: z.number().min(0).optional(),
});

/** What a process reports: once a second, and when users have ended. */
export const reportMessage = z.object({
  type: z.literal('report'),
  /** Counts up; reports that the master has not acknowledged are sent again over the next connection. */
  sequence: count,
  run: runId.optional(),
  /** Users that are present and were not asked to leave; once a second. */
  digest: digest.optional(),
  users: userCounts,
  load,
  delta,
  ended,
});
