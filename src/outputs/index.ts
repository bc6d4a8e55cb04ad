import { grafana } from './grafana.ts';
import { graphiteEventsOutput } from './graphite-events.ts';
import { graphite } from './graphite-output.ts';
import { otlp } from './otlp-output.ts';
import type { OutputSpec } from './output.ts';
import { prometheus } from './prometheus-output.ts';
import { statsd } from './statsd.ts';

/** Where figures and events of runs can go, in addition to the record on disk. */
export const outputs: readonly OutputSpec[] = [
  graphite,
  graphiteEventsOutput,
  grafana,
  prometheus,
  otlp,
  statsd,
];
