import { show } from '../lib/text/quote.ts';
import { toMs } from '../lib/time/duration.ts';
import { AmocError } from '../lib/errors.ts';
import { IdSet, isId, MAX_ID } from '../lib/ids/id-set.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import { listedStates } from '../lib/user-states.ts';
import { parseThresholds } from '../record/thresholds.ts';
import { strategies } from '../placement/placement.ts';
import type { PlacementStrategy, StrategyName } from '../placement/placement.ts';

/** The arguments of `do`, checked. */
export interface DoRequest {
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
}

/** Names of the options that each command takes, for help, completion and error messages. */
export const optionNames = {
  do: ['nodes', 'comment', 'settings', 'placement', 'interarrival', 'rate', 'seed', 'thresholds'],
  add: [],
  remove: ['force', 'ids'],
  stop: ['force'],
  users: ['state', 'limit'],
} as const;

/**
 * @throws {AmocError} `ARGUMENT` that says which argument is wrong and what it should be.
 */
export function parseDo(
  scenario: unknown,
  from: unknown,
  to: unknown,
  options: unknown = {},
): DoRequest {
  if (typeof scenario !== 'string') {
    throw new AmocError(
      'ARGUMENT',
      `do: the scenario must be a string, as in do('my_scenario', 1, 10), not ${show(scenario)}`,
    );
  }
  for (const [name, value] of [
    ['from', from],
    ['to', to],
  ] as const) {
    if (!isId(value)) {
      throw new AmocError(
        'ARGUMENT',
        `do: ${name} is ${show(value)}; it must be a whole number from 1 to ${MAX_ID}`,
      );
    }
  }
  const [first, last] = [from as number, to as number];
  if (first > last) {
    throw new AmocError(
      'ARGUMENT',
      `do: from (${first}) is above to (${last}); did you mean do('${scenario}', ${last}, ${first})?`,
    );
  }
  const given = optionsOf('do', options, optionNames.do);
  return {
    scenario,
    ids: IdSet.range(first, last),
    nodes: parseNodes(given['nodes']),
    comment: optional(
      given['comment'],
      'string',
      'comment',
      "a string, as in { comment: 'first run' }",
    ),
    settings: parseSettings(given),
    placement: parsePlacement(given['placement']),
    seed: parseSeed(given['seed']),
    rate: parseRate(given),
    thresholds: parseLimits(given['thresholds']),
  };
}

function parseLimits(value: unknown = {}): Record<string, string> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isRecord || !Object.values(value).every((limit) => typeof limit === 'string')) {
    throw new AmocError(
      'ARGUMENT',
      "do: thresholds are written as { 'message_ttd p99': '< 200ms', errors: '< 0.1%' }",
    );
  }
  const limits = value as Record<string, string>;
  parseThresholds(limits);
  return { ...limits };
}

/**
 * A number of users for `add` and `remove`.
 *
 * @throws {AmocError} `ARGUMENT`
 */
export function parseCount(command: 'add' | 'remove', value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_ID) {
    return value;
  }
  throw new AmocError(
    'ARGUMENT',
    `${command}: ${show(value)} is not a number of users; it must be a whole number from 1 to ${MAX_ID}`,
  );
}

/**
 * The arguments of `remove`.
 *
 * @throws {AmocError} `ARGUMENT`
 */
export function parseRemove(
  what: unknown,
  options: unknown = {},
): { count: number; force: boolean } | { ids: IdSet; force: boolean } {
  const isObject = typeof what === 'object' && what !== null;
  const given = optionsOf(
    'remove',
    isObject ? what : options,
    isObject ? optionNames.remove : ['force'],
  );
  const force = parseForce('remove', given);
  if (isObject) {
    if (given['ids'] === undefined)
      throw new AmocError('ARGUMENT', 'remove: give a number, or { ids: [[3, 9], 17] }');
    return { ids: IdSet.parse(given['ids']), force };
  }
  return { count: parseCount('remove', what), force };
}

/** `{ force }` of `stop`. @throws {AmocError} `ARGUMENT` */
export function parseStop(options: unknown = {}): { force: boolean } {
  return { force: parseForce('stop', optionsOf('stop', options, optionNames.stop)) };
}

/** States that `users` can filter by. */
export { listedStates as userStates };

/** One of {@link userStates}. */
export type ListedState = (typeof listedStates)[number];

/** The filter of `users`. @throws {AmocError} `ARGUMENT` */
export function parseUsers(options: unknown = {}): {
  state: ListedState | undefined;
  limit: number;
} {
  const { state, limit = 20 } = optionsOf('users', options, optionNames.users);
  if (state !== undefined && !listedStates.includes(state as ListedState)) {
    throw new AmocError(
      'ARGUMENT',
      `users: there is no state ${show(state)}${didYouMean(state, listedStates)}`,
    );
  }
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > 100_000) {
    throw new AmocError(
      'ARGUMENT',
      `users: limit is ${show(limit)}; it must be a whole number from 1 to 100000`,
    );
  }
  return { state: state as ListedState | undefined, limit };
}

function optionsOf(
  command: string,
  options: unknown,
  known: readonly string[],
): Record<string, unknown> {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new AmocError(
      'ARGUMENT',
      `${command}: options must be an object, as in { ${known[0] ?? ''}: … }, not ${show(options)}`,
    );
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new AmocError(
        'ARGUMENT',
        `${command}: there is no option '${name}'${didYouMean(name, known)}`,
      );
    }
  }
  return options as Record<string, unknown>;
}

function parseForce(command: string, given: Record<string, unknown>): boolean {
  const force = given['force'] ?? false;
  if (typeof force === 'boolean') return force;
  throw new AmocError('ARGUMENT', `${command}: force is ${show(force)}; it must be true or false`);
}

function parseNodes(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const names = Array.isArray(value) ? value : [value];
  if (names.length === 0 || !names.every((name) => typeof name === 'string')) {
    throw new AmocError(
      'ARGUMENT',
      `do: nodes is ${show(value)}; it must be a name or a list of names, as in { nodes: ['local/1'] }`,
    );
  }
  return names;
}

function parseSettings(given: Record<string, unknown>): Record<string, unknown> {
  const { settings = {}, interarrival } = given;
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw new AmocError(
      'ARGUMENT',
      `do: settings is ${show(settings)}; it must be an object, as in { settings: { interarrival: 10 } }`,
    );
  }
  if (interarrival === undefined) return settings as Record<string, unknown>;
  if (typeof interarrival !== 'number' && typeof interarrival !== 'string') {
    throw new AmocError(
      'ARGUMENT',
      `do: interarrival is ${show(interarrival)}; it must be a time span such as 50 or '50ms'`,
    );
  }
  return { ...settings, interarrival: toMs(interarrival) };
}

function parsePlacement(value: unknown): PlacementStrategy {
  if (value === undefined) return strategies.roundRobin;
  if (typeof value === 'function') return value as PlacementStrategy;
  if (typeof value === 'string' && Object.hasOwn(strategies, value)) {
    return strategies[value as StrategyName];
  }
  const names = Object.keys(strategies);
  throw new AmocError(
    'ARGUMENT',
    `do: there is no placement ${show(value)}${didYouMean(value, names)}`,
  );
}

const RATE = /^(\d+(?:\.\d+)?)\s*\/\s*(s|min|h)$/;
const SECONDS = new Map([
  ['s', 1],
  ['min', 60],
  ['h', 3600],
]);

/** `'500/s'`, `'30/min'`, or a number a second. */
function parseRate({ rate, interarrival }: Record<string, unknown>): number | undefined {
  if (rate === undefined) return undefined;
  if (interarrival !== undefined) {
    throw new AmocError(
      'ARGUMENT',
      'do: give rate (of the cluster) or interarrival (of each machine), not both',
    );
  }
  const match = typeof rate === 'string' ? RATE.exec(rate) : null;
  const perSecond =
    typeof rate === 'number' ? rate : Number(match?.[1]) / (SECONDS.get(match?.[2] ?? '') ?? 1);
  if (perSecond > 0 && perSecond <= 1_000_000) return perSecond;
  throw new AmocError(
    'ARGUMENT',
    `do: rate is ${show(rate)}; it must be user starts per time, as in '500/s'`,
  );
}

function parseSeed(value: unknown): number | undefined {
  if (value === undefined || (typeof value === 'number' && Number.isSafeInteger(value)))
    return value;
  throw new AmocError('ARGUMENT', `do: seed is ${show(value)}; it must be a whole number`);
}

function optional(
  value: unknown,
  type: 'string',
  name: string,
  wanted: string,
): string | undefined {
  if (value === undefined || typeof value === type) return value as string | undefined;
  throw new AmocError('ARGUMENT', `do: ${name} is ${show(value)}; it must be ${wanted}`);
}
