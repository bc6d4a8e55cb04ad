/**
 * What metrics cost: a record, a slave process that measures 20,000 messages a second, a master that adds
 * up a thousand such processes. Writes bench/results/metrics.json.
 */
import { randomInt } from 'node:crypto';
import { MetricsRegistry } from '../src/metrics/metrics.ts';
import type { Counter, Histogram, MetricsDelta } from '../src/metrics/metrics.ts';
import { decodeDelta, MetricsTotals, sizeOf } from '../src/metrics/totals.ts';
import { report } from './harness.ts';
import type { Figure } from './harness.ts';

const EACH = 16;
const MESSAGES = 20_000;
const SECONDS = 10;
const PROCESSES = 1000;
const figures: Figure[] = [];

/** Times as in a load test: log-normal around a millisecond, a few of a hundred. */
const values = Array.from({ length: 4096 }, (_, at) => {
  const [u, v] = [randomInt(1, 1e9) / 1e9, randomInt(1, 1e9) / 1e9];
  const normal = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  return at % 500 === 0 ? 100 : Math.exp(0.6 * normal);
});

const registry = new MetricsRegistry();
const counters: Counter[] = [];
const histograms: Histogram[] = [];
const memoryBefore = memory();
for (let at = 0; at < EACH; at++) {
  counters.push(registry.counter(`counter_${at}`));
  histograms.push(registry.histogram(`histogram_${at}`));
}

/** One second of a process: each message is counted and timed in all of them. */
function second(): string {
  for (let message = 0; message < MESSAGES; message++) {
    const value = values[message & 4095] as number;
    for (const counter of counters) counter.add();
    for (const histogram of histograms) histogram.record(value);
  }
  return JSON.stringify(registry.drain());
}

function memory(): number {
  global.gc?.();
  return process.memoryUsage().rss;
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

// V8 compiles all of it before it is measured.
for (let warm = 0; warm < 3; warm++) second();
let text = '';
const busyMs = cpuMs(() => {
  for (let at = 0; at < SECONDS; at++) text = second();
});
const grown = (memory() - memoryBefore) / 1e6;

const one = histograms[0] as Histogram;
const RECORDS = 20_000_000;
for (let at = 0; at < RECORDS; at++) one.record(values[at & 4095] as number);
global.gc?.();
const heapBefore = process.memoryUsage().heapUsed;
const recordMs = cpuMs(() => {
  for (let at = 0; at < RECORDS; at++) one.record(values[at & 4095] as number);
});
const allocated = process.memoryUsage().heapUsed - heapBefore;
registry.reset();

// Sixteen kinds of work, each with its own time: the size of one second on the wire.
for (let message = 0; message < MESSAGES; message++) {
  for (const counter of counters) counter.add();
  (histograms[message % EACH] as Histogram).record(values[message & 4095] as number);
}
const spread = JSON.stringify(registry.drain());

// As the master does with each report: the run's totals, the second's, and what arrived.
const deltas = Array.from({ length: PROCESSES }, () => {
  for (let at = 0; at < EACH; at++) {
    (counters[at] as Counter).add(MESSAGES);
    for (let each = 0; each < MESSAGES / EACH; each++) {
      (histograms[at] as Histogram).record(values[randomInt(0, 4096)] as number);
    }
  }
  return registry.drain();
});
const totals = new MetricsTotals();
const ofSecond = new MetricsTotals();
const merge = (all: readonly MetricsDelta[]): void => {
  for (const delta of all) {
    const decoded = decodeDelta(delta);
    totals.addDecoded(decoded);
    sizeOf(decoded);
    ofSecond.addDecoded(decoded);
  }
  ofSecond.drain();
  totals.counts();
};
merge(deltas);
const mergeMs = cpuMs(() => {
  for (let at = 0; at < 5; at++) merge(deltas);
});

const add = (name: string, value: number, unit: string, must = ''): void => {
  figures.push({ name, value, unit, must });
};
add('a record in a histogram', (recordMs * 1e6) / RECORDS, 'ns', '≤ 100');
add('  allocated by it', allocated / RECORDS, 'bytes', '≤ 0.1');
add(
  `${MESSAGES.toLocaleString('en-US')} messages a second, each in ${EACH} counters and ${EACH} histograms: CPU`,
  (busyMs / SECONDS / 1000) * 100,
  '% of a core',
  '≤ 3',
);
add('  memory', grown, 'MB', '≤ 20');
add('  a second on the wire: every message in all of them', text.length / 1000, 'KB');
add('    each message timed in one of them', spread.length / 1000, 'KB', '≤ 20');
add(
  `a master of ${PROCESSES.toLocaleString('en-US')} such processes: CPU`,
  mergeMs / 5 / 1000,
  'cores',
  '≤ 0.5',
);
report('metrics', figures);
