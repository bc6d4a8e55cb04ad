import type { RateResult } from '../../control/results.ts';
import type { SettingsView } from '../../control/views.ts';
import { AmocError } from '../../lib/errors.ts';
import { toPerSecond } from '../../lib/time/rate.ts';
import type { Rate } from '../../lib/time/rate.ts';
import { QUICK_MS } from '../context.ts';
import type { MasterContext } from '../context.ts';
import type { Distributor } from '../users/distributor.ts';
import { demandSettings } from './reported-settings.ts';
import { demandRunning } from './run-state.ts';

/** Changes the settings and the pace of the running test. */
export class Tuning {
  readonly #context: MasterContext;
  readonly #distributor: Distributor;

  constructor(context: MasterContext, distributor: Distributor) {
    this.#context = context;
    this.#distributor = distributor;
  }

  /** The settings of the run: value, meaning, and whether they may change during the run. */
  settings(): SettingsView {
    const run = this.#context.run;
    if (run === undefined) demandRunning(this.#context.state, 'settings');
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
    demandRunning(this.#context.state, 'update');
    const run = this.#context.requireRun();
    const params = { run: run.id, change: { ...change } };
    const nodes = this.#context.nodes.ready();
    const [first] = nodes;
    if (first === undefined) throw new AmocError('NO_NODES', this.#context.parts.whenNoNodes());
    const asked = { ...params, check: true };
    const { settings } = await first.peer.request('update', asked, QUICK_MS);
    demandSettings('update', Object.keys(params.change), settings);
    await Promise.all(
      nodes.map((node) => node.peer.request('update', { ...params, check: false }, QUICK_MS)),
    );
    Object.assign(run.settings, settings);
    const changes = Object.entries(settings).map(([name, value]) => `${name} = ${String(value)}`);
    this.#context.chronicle.event('update', `update: ${changes.join(', ')}`, { settings });
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
    demandRunning(this.#context.state, 'rate');
    const run = this.#context.requireRun();
    const before = run.rate;
    if (before !== rate) {
      run.rate = rate;
      // A restarted master continues at this rate.
      this.#context.commit();
      this.#context.chronicle.event('update', `update: rate = ${rate}/s`, { rate });
      this.#distributor.pace(run);
    }
    return { rate, ...(before === undefined ? {} : { before }) };
  }

  #setPaused(command: 'pause' | 'resume', paused: boolean): void {
    demandRunning(this.#context.state, command);
    const run = this.#context.requireRun();
    run.paused = paused;
    this.#context.chronicle.event(command, command);
    this.#distributor.pace(run);
  }
}
