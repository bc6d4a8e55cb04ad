import { MetricsTotals } from '../metrics/totals.ts';
import type { DecodedDelta } from '../metrics/totals.ts';
import type { ReportingNode, RunObserver } from '../record/observer.ts';
import type { RunResult } from '../record/result.ts';
import type { NodeSecond, SecondRow, UserTotals } from '../record/second.ts';
import { userEntries } from '../record/second.ts';
import type { Carbon } from './carbon.ts';
import {
  counterValues,
  gaugeValues,
  graphiteLine,
  pathPart,
  pathPrefix,
  SeriesPaths,
  timeValues,
} from './graphite-names.ts';
import type { NamedValue } from './graphite-names.ts';

/** Where values are sent, under which prefix, and how often. */
export interface GraphiteParts {
  carbon: Carbon;
  prefix: string;
  /** Seconds between two sendings. */
  intervalS: number;
  now: () => number;
  notice: (level: 'info' | 'warn', text: string) => void;
}

/** With more machines than this, times are sent for the cluster only: each machine has histograms of its own. */
const MAX_MACHINES = 64;

/** What a machine's processes reported since the last sending, and in total. */
interface Machine {
  prefix: string;
  counters: Map<string, number>;
  before: Map<string, number>;
  deltas: DecodedDelta[];
}

/**
 * Sends a run's figures to Graphite, under the names of the Erlang amoc: the cluster's under the prefix, each
 * machine's under a prefix of its own (its label `graphite_prefix`).
 */
export class GraphiteOutput implements RunObserver {
  readonly #parts: GraphiteParts;
  #interval = new MetricsTotals();
  #before = new Map<string, number>();
  #machines = new Map<string, Machine>();
  #last: SecondRow | undefined;
  #totals: MetricsTotals | undefined;
  #sentAt = 0;
  #paths: SeriesPaths;

  constructor(parts: GraphiteParts) {
    this.#parts = parts;
    this.#paths = this.#newPaths();
  }

  started(): void {
    this.#interval = new MetricsTotals();
    this.#before = new Map();
    this.#machines = new Map();
    this.#last = undefined;
    this.#totals = undefined;
    this.#sentAt = this.#seconds();
    this.#paths = this.#newPaths();
  }

  report({ name, labels }: ReportingNode, delta: DecodedDelta): void {
    const machine = this.#machineOf(name, labels);
    for (const [series, count] of Object.entries(delta.counters)) {
      machine.counters.set(series, (machine.counters.get(series) ?? 0) + count);
    }
    if (this.#machines.size <= MAX_MACHINES) machine.deltas.push(delta);
  }

  second(row: SecondRow, totals: MetricsTotals): void {
    this.#interval.addDecoded(row.delta);
    this.#last = row;
    this.#totals = totals;
    if (this.#seconds() - this.#sentAt >= this.#parts.intervalS) this.#send();
  }

  ended(result: RunResult): void {
    this.#send();
    const totals = this.#totals;
    const { finished, removed, crashed, lost } = result.users;
    this.#emit(this.#parts.prefix, [
      ['amoc.users.size', 0],
      ['amoc.users.finished', finished],
      ['amoc.users.removed', removed],
      ['amoc.users.crashed', crashed],
      ['amoc.users.lost', lost],
      // The times of the entire run, as in its result.
      ...(totals === undefined ? [] : timeValues(totals, this.#paths, 'amoc.run.times')),
    ]);
    for (const { prefix } of this.#machines.values()) this.#emit(prefix, [['amoc.users.size', 0]]);
  }

  #send(): void {
    const { prefix, carbon } = this.#parts;
    const row = this.#last;
    const totals = this.#totals;
    if (row === undefined || totals === undefined) return;
    // Graphite keeps one value a second: a second value would replace the first.
    this.#sentAt = Math.max(this.#seconds(), this.#sentAt + 1);
    const { counters, gauges } = totals.summary();
    const now = new Map(Object.entries(counters));
    this.#emit(prefix, [
      ...userValues(row.users),
      ...counterValues(now, this.#before, this.#paths),
      ...gaugeValues(gauges, this.#paths),
      ...timeValues(this.#interval, this.#paths),
      ['amoc.nodes.size', row.nodes.length],
      ['amoc.nodes.saturated', row.nodes.filter((node) => node.saturated !== undefined).length],
      ['amoc.graphite.dropped', carbon.dropped],
    ]);
    this.#before = now;
    this.#interval.clear();
    this.#sendMachines(row.nodes);
  }

  #sendMachines(nodes: readonly NodeSecond[]): void {
    const users = new Map<string, number>();
    for (const node of nodes) {
      const [name, index] = machineAndIndex(node.name);
      const machine = this.#machines.get(name);
      if (machine === undefined) continue;
      users.set(name, (users.get(name) ?? 0) + node.users);
      this.#emit(machine.prefix, vmValues(index, node));
    }
    for (const [name, machine] of this.#machines) {
      const values: NamedValue[] = [
        ['amoc.users.size', users.get(name) ?? 0],
        ...counterValues(machine.counters, machine.before, this.#paths),
      ];
      if (this.#machines.size <= MAX_MACHINES) {
        const times = new MetricsTotals();
        for (const delta of machine.deltas) times.addDecoded({ ...delta, counters: {} });
        values.push(...timeValues(times, this.#paths));
      }
      machine.deltas = [];
      machine.before = new Map(machine.counters);
      this.#emit(machine.prefix, values);
    }
  }

  #machineOf(node: string, labels: Readonly<Record<string, string>>): Machine {
    const [name] = machineAndIndex(node);
    const known = this.#machines.get(name);
    if (known !== undefined) return known;
    const given = labels['graphite_prefix'];
    const prefix =
      given === undefined ? `${this.#parts.prefix}.nodes.${pathPart(name)}` : pathPrefix(given);
    const made = { prefix, counters: new Map(), before: new Map(), deltas: [] };
    this.#machines.set(name, made);
    return made;
  }

  #emit(prefix: string, values: readonly NamedValue[]): void {
    const at = Math.max(this.#seconds(), this.#sentAt);
    this.#parts.carbon.send(
      values.flatMap(([path, value]) => graphiteLine(`${prefix}.${path}`, value, at) ?? []),
    );
  }

  #newPaths(): SeriesPaths {
    return new SeriesPaths((text) => this.#parts.notice('warn', text));
  }

  #seconds(): number {
    return Math.floor(this.#parts.now() / 1000);
  }
}

function userValues(users: UserTotals): NamedValue[] {
  const { starting, running, waiting, leaving } = users;
  return [
    ['amoc.users.size', starting + running + waiting + leaving],
    ...userEntries(users).map(([state, count]): NamedValue => [`amoc.users.${state}`, count]),
  ];
}

function vmValues(index: string, node: NodeSecond): NamedValue[] {
  const { cpu, loopDelayMs, rssBytes, gcMs = 0, clockOffsetMs = 0, saturated } = node;
  return Object.entries({
    cpu,
    loop_delay_ms: loopDelayMs,
    rss_bytes: rssBytes,
    gc_ms: gcMs,
    clock_offset_ms: clockOffsetMs,
    saturated: saturated === undefined ? 0 : 1,
  }).map(([name, value]): NamedValue => [`vm.${pathPart(index)}.${name}`, value]);
}

function machineAndIndex(node: string): [machine: string, index: string] {
  const at = node.indexOf('/');
  return at < 0 ? [node, '1'] : [node.slice(0, at), node.slice(at + 1)];
}
