import { z } from 'zod';
import { compiledScenario } from '../../scenario/bundle.ts';
import { pace } from './users.ts';
import { count, json, ms, none, runId, settings, text } from './values.ts';

const variable = z.object({
  name: z.string(),
  description: text,
  update: z.boolean(),
  secret: z.boolean(),
});

/** The variables of a scenario, and amoc's own. */
export const variables = z.array(variable).max(1000);

/** The requests about a run, from its preparation to its end. */
export const runRequests = {
  /** Loads a scenario and resolves its settings; nothing runs yet. */
  prepare: {
    params: z.object({
      run: runId,
      scenario: compiledScenario,
      seed: z.number(),
      file: z.record(z.string(), z.unknown()),
      environment: z.record(z.string(), z.string()),
      call: z.record(z.string(), z.unknown()),
      /** `call` was typed on a command line: a time without its unit is refused. */
      demandUnits: z.boolean().optional(),
    }),
    result: z.object({
      settings,
      variables,
      connectionsPerUser: z.number().min(0).max(10_000),
      thresholds: z.record(z.string().max(200), z.string().max(200)).optional(),
    }),
  },
  /** Runs the scenario's `setup`, on one process of the cluster. */
  setup: { params: z.object({ run: runId }), result: z.object({ value: json.optional() }) },
  /** Runs `init` in this process and makes it ready for users. */
  init: {
    params: z.object({
      run: runId,
      setup: json.optional(),
      pace,
      /** The revision of the last command so far: each later command counts one up. */
      revision: count,
    }),
    result: none,
  },
  /** Checks (and, unless `check`, applies) changed settings. */
  update: {
    params: z.object({
      run: runId,
      change: z.record(z.string(), z.unknown()),
      check: z.boolean(),
    }),
    result: z.object({ settings }),
  },
  /** Ends all users, then runs `terminate`. */
  finish: {
    params: z.object({ run: runId, force: z.boolean(), gentleMs: ms }),
    result: z.object({ forced: count }),
  },
  teardown: { params: z.object({ run: runId, setup: json.optional() }), result: none },
  /** Drops the run without telling the scenario. */
  discard: { params: z.object({ run: runId }), result: none },
} as const;
