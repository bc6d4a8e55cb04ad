import type { DoOptions } from '../../control/requests.ts';
import { IdSet } from '../../lib/ids/id-set.ts';
import { toMs } from '../../lib/time/duration.ts';
import { toPerSecond } from '../../lib/time/rate.ts';
import { strategies } from '../../placement/placement.ts';
import type { PlacementStrategy } from '../../placement/placement.ts';

/** A request of `do` in the terms of the master. */
export interface StartRequest {
  scenario: string;
  ids: IdSet;
  nodes: readonly string[] | undefined;
  comment: string | undefined;
  settings: Readonly<Record<string, unknown>>;
  placement: PlacementStrategy;
  seed: number | undefined;
  /** User starts per second in the whole cluster. */
  rate: number | undefined;
  /** In addition to those of the scenario. */
  thresholds: Readonly<Record<string, string>>;
  /** Whether the settings were typed on a command line, where a time needs its unit. */
  demandUnits: boolean;
}

/** Reads the options of `do`. @throws {AmocError} `ARGUMENT` for an invalid time or rate */
export function startRequest(
  scenario: string,
  from: number,
  to: number,
  options: DoOptions,
): StartRequest {
  const { nodes, comment, settings = {}, placement = 'roundRobin', interarrival, rate } = options;
  const { seed, thresholds = {}, demandUnits = false } = options;
  return {
    scenario,
    ids: IdSet.range(from, to),
    nodes: typeof nodes === 'string' ? [nodes] : nodes,
    comment,
    settings:
      interarrival === undefined ? settings : { ...settings, interarrival: toMs(interarrival) },
    placement: typeof placement === 'function' ? placement : strategies[placement],
    seed,
    rate: rate === undefined ? undefined : toPerSecond(rate),
    thresholds,
    demandUnits,
  };
}
