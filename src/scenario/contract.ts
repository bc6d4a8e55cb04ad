import type { Random } from '../lib/ids/random.ts';
import type { SettingsOf, Variables } from '../config/variable.ts';
import { checkVariables } from '../config/variable.ts';
import { AmocError } from '../lib/errors.ts';

/** Any JSON value: what `setup` may pass to the other processes. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Log lines that carry the scenario, the process and, for a user, the id. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** The context that `setup`, `init`, `terminate` and `teardown` get. */
export interface RunContext<V extends Variables = Variables> {
  /** Name of the run. */
  readonly run: string;
  /** Name of this process: `local/1`. */
  readonly node: string;
  /** The resolved settings; `update()` changes them in place. */
  readonly settings: SettingsOf<V>;
  /** What `setup` returned, from `init` on. */
  readonly setup: Json | undefined;
  readonly log: Log;
  /** Seeded by the run's seed and the name of the process. */
  readonly random: Random;
  /**
   * The text of a file that travels with the scenario: one that {@link Files} declares, or JSON that it
   * imports. A byte order mark is left out.
   *
   * @param path from the folder of the scenario: `./names.csv`
   * @throws {AmocError} `SCENARIO` when no such file travels with the scenario
   */
  text(path: string): string;
  /**
   * The contents of a JSON file that travels with the scenario; parsed again at each call. For a large file it is
   * faster than an import, whose types TypeScript infers value by value.
   *
   * @throws {AmocError} `SCENARIO` as {@link RunContext.text}, and for a file that is not JSON
   */
  json(path: string): Json;
}

/**
 * The files of data that travel with a scenario, as `export const files = ['./names.csv'] satisfies Files`:
 * paths from its folder, of text in UTF-8, 8 MiB together.
 *
 * k6's `open()` runs where the file is, before the test; a scenario runs on the machines of the slaves, which
 * have no copy of the folder. So which files travel must be known before anything runs, and is declared
 * beside the scenario, as its variables are. JSON that is imported travels without a declaration.
 *
 * @example
 * export const files = ['./names.csv'] satisfies Files;
 * export const init = (context: RunContext) => context.text('./names.csv').trim().split('\n');
 */
export type Files = readonly `./${string}`[];

/**
 * A scenario module, checked. Only `start` is needed.
 *
 * @typeParam U the type of a user, as `start` gets it
 */
export interface Scenario<U> {
  /** Once per run in the entire cluster, before every `init`; its result travels as JSON. */
  readonly setup: ((context: RunContext) => unknown) | undefined;
  /** Once in each slave process, before its first user; its result is the `state` of every `start` there. */
  readonly init: ((context: RunContext) => unknown) | undefined;
  /** One user, once per repetition. */
  readonly start: (id: number, user: U, state: unknown) => unknown;
  /** Once in each slave process, after its last user. */
  readonly terminate: ((state: unknown, context: RunContext) => unknown) | undefined;
  /** Once per run in the entire cluster, after every `terminate`. */
  readonly teardown: ((setup: Json | undefined, context: RunContext) => unknown) | undefined;
  readonly variables: Variables;
  /** The limits that the figures of a run must meet; checked by the master. */
  readonly thresholds: Readonly<Record<string, string>>;
  /** The most connections that one user holds at the same time; 0 for none. @default 1 */
  readonly connectionsPerUser: number;
}

/**
 * Checks what a scenario module exports.
 *
 * @throws {AmocError} `SCENARIO` that names the export and says what it should be.
 */
export function checkScenario<U>(
  name: string,
  exported: Readonly<Record<string, unknown>>,
): Scenario<U> {
  type Callback = ((...values: never[]) => unknown) | undefined;
  const callback = (key: string): Callback => {
    const value = exported[key];
    if (value === undefined || typeof value === 'function') return value as Callback;
    throw new AmocError('SCENARIO', `${name}: '${key}' must be a function, it is ${typeof value}`);
  };
  const start = callback('start');
  if (start === undefined) {
    throw new AmocError(
      'SCENARIO',
      `${name} has no start; add: export async function start(id: number, user: User) { … }`,
    );
  }
  const connections = exported['connectionsPerUser'] ?? 1;
  if (typeof connections !== 'number' || !(connections >= 0 && connections <= 10_000)) {
    throw new AmocError('SCENARIO', `${name}: connectionsPerUser must be a number from 0 to 10000`);
  }
  return {
    setup: callback('setup') as Scenario<U>['setup'],
    init: callback('init') as Scenario<U>['init'],
    start: start as Scenario<U>['start'],
    terminate: callback('terminate') as Scenario<U>['terminate'],
    teardown: callback('teardown') as Scenario<U>['teardown'],
    variables: checkVariables(exported['variables'] ?? {}),
    thresholds: readThresholds(name, exported['thresholds'] ?? {}),
    connectionsPerUser: connections,
  };
}

/** Checks only the form of thresholds; their contents are checked where they are judged. */
function readThresholds(name: string, value: unknown): Record<string, string> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isRecord && Object.values(value).every((limit) => typeof limit === 'string')) {
    return { ...value };
  }
  throw new AmocError(
    'SCENARIO',
    `${name}: thresholds must be like { 'message_ttd p99': '< 200ms', errors: '< 0.1%' }`,
  );
}
