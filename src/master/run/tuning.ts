import type { RateResult } from '../../control/results.ts';
import type { SettingsView } from '../../control/views.ts';
import { AmocError } from '../../lib/errors.ts';
import { toPerSecond } from '../../lib/time/rate.ts';
import type { Rate } from '../../lib/time/rate.ts';
import { QUICK_MS } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import type { Distributor } from '../users/distributor.ts';
import { demandSettings } from './reported-settings.ts';
import { demandRunning } from './run-state.ts';

/** Changes the settings and the pace of the running test. */
export class Tuning {
  readonly #cluster: Cluster;
  readonly #distributor: Distributor;

  constructor(cluster: Cluster, distributor: Distributor) {
    this.#cluster = cluster;
    this.#distributor = distributor;
  }

  /** The settings of the run: value, meaning, and whether they may change during the run. */
  settings(): SettingsView {
    const run = this.#cluster.run;
    if (run === undefined) demandRunning(this.#cluster.state, 'settings');
    return Object.fromEntries(
      (run?.variables ?? []).map(({ name, description, update, secret }) => {
        const value = secret ? '***' : (run?.settings[name] ?? '');
        return [name, { value, description, update }];
      }),
    );
  }

  /** Changes settings of the running test, in all processes or in none. */
  async update(
    change: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, string | number | boolean>> {
    demandRunning(this.#cluster.state, 'update');
    const run = this.#cluster.requireRun();
    const params = { run: run.id, change: { ...change } };
    const nodes = this.#cluster.nodes.ready();
    const [first] = nodes;
    if (first === undefined) throw new AmocError('NO_NODES', this.#cluster.parts.whenNoNodes());
    const asked = { ...params, check: true };
    const { settings } = await first.peer.request('update', asked, QUICK_MS);
    demandSettings('update', Object.keys(params.change), settings);
    await Promise.all(
      nodes.map((node) => node.peer.request('update', { ...params, check: false }, QUICK_MS)),
    );
    Object.assign(run.settings, settings);
    const changes = Object.entries(settings).map(([name, value]) => `${name} = ${String(value)}`);
    this.#cluster.chronicle.event('update', `update: ${changes.join(', ')}`, { settings });
    // A process that joins later is prepared with the current values.
    Object.assign(run.prepare.call, settings);
    if ('interarrival' in settings) {
      // The pace that was set last counts.
      run.rate = undefined;
      this.#distributor.pace(run);
    }
    return settings;
  }

  /** Stops starting users; users that run continue. */
  pause(): void {
    this.#setPaused('pause', true);
  }

  /** Lets users start again. */
  resume(): void {
    this.#setPaused('resume', false);
  }

  /** Sets how many users start per second in the whole cluster, in place of `interarrival`. */
  setRate(wanted: Rate): RateResult {
    const rate = toPerSecond(wanted);
    demandRunning(this.#cluster.state, 'rate');
    const run = this.#cluster.requireRun();
    const before = run.rate;
    if (before !== rate) {
      run.rate = rate;
      // A restarted master continues at this rate.
      this.#cluster.commit();
      this.#cluster.chronicle.event('update', `update: rate = ${rate}/s`, { rate });
      this.#distributor.pace(run);
    }
    return { rate, ...(before === undefined ? {} : { before }) };
  }

  #setPaused(command: 'pause' | 'resume', paused: boolean): void {
    demandRunning(this.#cluster.state, command);
    const run = this.#cluster.requireRun();
    run.paused = paused;
    this.#cluster.chronicle.event(command, command);
    this.#distributor.pace(run);
  }
}
