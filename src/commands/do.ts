import { z } from 'zod';
import { AmocError } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import { quote } from '../lib/text/quote.ts';
import { strategies } from '../placement/placement.ts';
import type { PlacementStrategy, StrategyName } from '../placement/placement.ts';
import { parseThresholds } from '../record/thresholds.ts';
import { command, field } from './command.ts';
import { rate, timeSpan, userId } from './fields.ts';

const placements = Object.keys(strategies) as [StrategyName, ...StrategyName[]];

const ownPlacement = z.custom<PlacementStrategy>((value) => typeof value === 'function');

/** Starts a run. */
export const doCommand = command({
  name: 'do',
  use: "do('my_scenario', 1, 10, options?)",
  summary: 'start a scenario for users 1 to 10, both included',
  details:
    'The scenario is compiled, checked and sent to every process, where its init runs; then users are started one by one. A second do during a run is an error: stop() first.',
  args: {
    scenario: {
      schema: z.string(),
      description: 'its name in scenarios/',
      completes: 'scenario',
      wrong: (value) =>
        `the scenario must be a string, as in do('my_scenario', 1, 10), not ${quote(value)}`,
    },
    from: userId('the first user id'),
    to: userId('the last user id'),
  },
  options: {
    comment: field(z.string().optional(), "a string, as in { comment: 'first run' }", {
      description: 'kept with the run',
    }),
    settings: field(
      z.record(z.string(), z.unknown()).optional(),
      'an object, as in { settings: { interarrival: 10 } }',
      {
        description: "values for the scenario's variables and amoc's own, see settings()",
        completes: 'setting',
      },
    ),
    interarrival: field(timeSpan.optional(), "a time span such as 50 or '50ms'", {
      description: 'time between two user starts on a machine',
      default: "'50ms'",
    }),
    rate: field(rate.optional(), "user starts per time, as in '500/s'", {
      description: "in place of interarrival: user starts in the whole cluster, as in '500/s'",
    }),
    placement: {
      schema: z.union([z.enum(placements), ownPlacement]).optional(),
      description: "'roundRobin', 'leastLoaded', 'weighted' (label weight), 'block', or a function",
      default: "'roundRobin'",
      completes: placements,
      wrong: (value) => `there is no placement ${quote(value)}${didYouMean(value, placements)}`,
    },
    nodes: field(
      z.union([z.string(), z.array(z.string()).min(1)]).optional(),
      "a name or a list of names, as in { nodes: ['local/1'] }",
      {
        description: "processes or machines to use: names, 'slave*', or labels, 'zone=a'",
        default: 'all',
        completes: 'node',
      },
    ),
    thresholds: {
      schema: z.record(z.string(), z.string()).optional(),
      description: "limits for the figures of the run, as in { 'message_ttd p99': '< 200ms' }",
      default: "the scenario's",
      completes: 'metric',
      wrong: () => "thresholds are written as { 'message_ttd p99': '< 200ms', errors: '< 0.1%' }",
    },
    seed: field(z.number().int().optional(), 'a whole number', {
      description: 'seed of user.random; the same seed gives the same numbers',
      default: 'chosen',
    }),
  },
  examples: ["amocLocal.do('my_scenario', 1, 10, { comment: 'first', settings: { messages: 3 } })"],
  erlang: 'amoc_local:do(my_scenario, 1, 10).',
  effect: 'change',
  run: (control, { scenario, from, to }, options) => {
    if (from > to) {
      throw new AmocError(
        'ARGUMENT',
        `do: from (${from}) is above to (${to}); did you mean do('${scenario}', ${to}, ${from})?`,
      );
    }
    if (options.rate !== undefined && options.interarrival !== undefined) {
      throw new AmocError(
        'ARGUMENT',
        'do: give rate (of the cluster) or interarrival (of each machine), not both',
      );
    }
    // A mistake is reported before anything starts.
    parseThresholds(options.thresholds ?? {});
    return control.do(scenario, from, to, options);
  },
});
