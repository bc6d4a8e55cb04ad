import type { UsersOptions } from '../control/requests.ts';
import type { PingResult, TraceResult } from '../control/results.ts';
import type {
  MetricsView,
  NodeView,
  StatusView,
  UserListing,
  Vocabulary,
} from '../control/views.ts';
import { AmocError } from '../lib/errors.ts';
import type { MetricsDelta } from '../metrics/metrics.ts';
import type { Result } from '../protocol/messages.ts';
import type { RunResult } from '../record/types.ts';
import type { Verdict } from '../record/verdict.ts';
import { QUICK_MS } from './context.ts';
import type { MasterContext } from './context.ts';
import { demandRunning } from './run/run-state.ts';
import { mergeListings } from './users/user-listing.ts';
import { viewNode, viewStatus } from './views.ts';

/** How long `status()` waits for fresh counts; after that it uses the last report. */
const STATUS_MS = 250;

/** Questions to the processes of a cluster, and what their answers say together. */
export class Inspection {
  readonly #context: MasterContext;
  readonly #lastResult: () => RunResult | undefined;

  /** @param lastResult the result of the last run, while none runs */
  constructor(context: MasterContext, lastResult: () => RunResult | undefined) {
    this.#context = context;
    this.#lastResult = lastResult;
  }

  /** The current state, with fresh counts from every process that answers in time. */
  async status(): Promise<StatusView> {
    await this.refresh();
    const { run, state, parts, chronicle, nodes } = this.#context;
    return viewStatus(state, run, nodes.all(), parts.clock.monotonic(), {
      rate: (metric) => chronicle.rate(metric),
      verdicts: (each) => chronicle.verdicts(each),
      drivers: parts.drivers ?? [],
    });
  }

  /** The processes, with fresh figures. */
  async listNodes(): Promise<NodeView[]> {
    await this.refresh();
    return this.#context.nodes
      .all()
      .map((node) => viewNode(node, this.#context.run, this.#context.parts.clock.monotonic()));
  }

  /** Round trips to all processes, in milliseconds; `undefined` for one that does not answer. */
  async ping(): Promise<PingResult[]> {
    const { clock } = this.#context.parts;
    return Promise.all(
      this.#context.nodes.all().map(async ({ name, peer }) => {
        const began = clock.monotonic();
        try {
          await peer.request('ping', {}, 2000);
          return { name, ms: clock.monotonic() - began };
        } catch {
          return { name, ms: undefined };
        }
      }),
    );
  }

  /** Single users, the lowest ids first, and the kinds of errors. */
  async users({ state, limit = 20 }: UsersOptions = {}): Promise<UserListing> {
    const answers = await Promise.all(
      this.#context.nodes.all().map(async ({ name, peer, state: { reach } }) => {
        // A blocked process would not answer.
        if (reach === 'blocked') return { name, users: [], errors: [] };
        try {
          return { name, ...(await peer.request('users', { state, limit }, QUICK_MS)) };
        } catch {
          return { name, users: [], errors: [] };
        }
      }),
    );
    return mergeListings(answers, limit);
  }

  /**
   * Shows what one user sends and receives in the log, or stops that. The traffic of a user that does not run
   * is shown as soon as it does.
   *
   * @param on the opposite of the current state when left out
   * @throws {AmocError} `ARGUMENT` when too many users that do not run are to be traced
   */
  async trace(id: number, on?: boolean): Promise<TraceResult> {
    demandRunning(this.#context.state, 'trace');
    const answers = await this.#traceEverywhere(id, on, false);
    const found = answers.find((each) => each.found);
    if (found !== undefined) return { id, on: found.on, waits: false };
    const wanted = on ?? !answers.some(({ waits }) => waits);
    if (!wanted) return { id, on: false, waits: false };
    // It is not known on which process the user will run.
    const waiting = await this.#traceEverywhere(id, true, true);
    if (waiting.some((each) => each.found)) return { id, on: true, waits: false };
    if (waiting.some(({ waits }) => waits)) return { id, on: true, waits: true };
    throw new AmocError(
      'ARGUMENT',
      `user ${id} is not running, and too many others wait to be traced; trace(false) cancels one`,
    );
  }

  #traceEverywhere(
    id: number,
    on: boolean | undefined,
    waits: boolean,
  ): Promise<Result<'trace'>[]> {
    return Promise.all(
      this.#context.nodes.all().map(async ({ peer, state }) => {
        if (state.reach === 'blocked') return { found: false, on: false, waits: false };
        const wish = { id, waits, ...(on === undefined ? {} : { on }) };
        return peer.request('trace', wish, QUICK_MS);
      }),
    );
  }

  /** Everything counted in the run so far. */
  async metrics(): Promise<MetricsView> {
    await this.refresh();
    const { run, chronicle } = this.#context;
    const summary = run?.totals.summary() ??
      this.#lastResult()?.metrics ?? { counters: {}, times: {}, gauges: {} };
    const names = [...Object.keys(summary.counters), ...Object.keys(summary.times)];
    const rates =
      run === undefined ? [] : names.map((name) => [name, chronicle.rate(name)] as const);
    return { ...summary, rates: Object.fromEntries(rates) };
  }

  /** Counters and raw histograms: subtract two snapshots to describe an interval. */
  async rawMetrics(): Promise<MetricsDelta> {
    await this.refresh();
    return this.#context.run?.totals.export() ?? { counters: {}, histograms: {} };
  }

  /** The verdicts of the thresholds on the run so far; after the run, on that run. */
  verdicts(): Verdict[] {
    const { run, chronicle } = this.#context;
    return run === undefined ? (this.#lastResult()?.verdicts ?? []) : chronicle.verdicts(run);
  }

  /** The names that can be typed now. */
  vocabulary(): Vocabulary {
    const { run, nodes } = this.#context;
    const last = this.#lastResult()?.metrics;
    const counters = run?.totals.counters ?? new Map(Object.entries(last?.counters ?? {}));
    const counted = run?.totals.counts() ?? new Map(Object.entries(last?.times ?? {}));
    const variables = run?.variables ?? [];
    return {
      nodes: [...new Set(nodes.all().flatMap(({ name, machine }) => [machine, name]))],
      settings: Object.fromEntries(variables.map(({ name, description }) => [name, description])),
      counters: [...counters.keys()],
      times: [...counted.keys()].filter((name) => !counters.has(name)),
    };
  }

  /** Asks all processes for fresh counts. */
  async refresh(): Promise<void> {
    await Promise.all(
      this.#context.nodes.all().map(async (node) => {
        if (node.state.reach === 'blocked') return;
        try {
          await node.peer.request('report', {}, STATUS_MS);
        } catch {
          // Its last report is used instead.
        }
      }),
    );
  }
}
