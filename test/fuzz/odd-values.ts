import { seededRandom } from '../../src/lib/ids/random.ts';

/** Something that a scenario gives amoc, and what must come of it. */
interface OddValue {
  /** Source of an expression; `user`, `metrics`, `log` and `odd` are there. */
  readonly source: string;
  /** `stray`: nothing of it reaches the one who did it, and it is counted as an error that nobody waited for. */
  readonly comesOf: 'accepted' | 'refused' | 'stray';
  /** What the counter `odd_sum` has more afterwards. */
  readonly adds?: number;
}

const accepted = (source: string, adds = 0): OddValue => ({ source, comesOf: 'accepted', adds });
const refused = (source: string): OddValue => ({ source, comesOf: 'refused' });
const stray = (source: string): OddValue => ({ source, comesOf: 'stray' });

/** Values that no counter, gauge or histogram takes. */
const noNumbers = [
  'NaN',
  '-NaN',
  '"5"',
  '5n',
  'Symbol("five")',
  'null',
  '{}',
  '[5]',
  '() => 5',
  'new Date()',
  'Object.create(null)',
  '{ valueOf() { throw new Error("valueOf") } }',
  '{ [Symbol.toPrimitive]() { throw null } }',
  'new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 } })',
  'odd.revoked()',
  'odd.cycle()',
  '"x".repeat(1e6)',
];
const outOfBounds = ['Infinity', '-Infinity', '1e300', '-1e300', '1.1e30', 'Number.MAX_VALUE'];

const noNames = [
  '""',
  '" "',
  '"a b"',
  '"1st"',
  '"__proto__"',
  '"ä"',
  '"a\\nb 1 1"',
  '"\\u001b]0;T\\u0007"',
  '"x".repeat(101)',
  '"x".repeat(1e6)',
  'Symbol("name")',
  'Object.create(null)',
  '{ toString() { throw 1 } }',
];
const labelValues = [
  '"\\u001b[2J"',
  '"a\\"b\\\\c"',
  '"\\n"',
  '"日本語"',
  '"\\ud800"',
  '"x".repeat(1e6)',
  'NaN',
  '5n',
  'null',
  'undefined',
  'true',
  '{}',
  'Symbol("label")',
  '"__proto__"',
  '"valueOf"',
];
const noLabels = [
  '{ "a b": 1 }',
  '{ "": 1 }',
  '{ ["__proto__"]: 1 }',
  '{ ["x".repeat(101)]: 1 }',
  '{ of: Object.create(null) }',
  '{ of: { toString() { throw 1 } } }',
  'Object.fromEntries(Array(21).fill(0).map((_, at) => ["l" + at, at]))',
  '{ get of() { throw 1 } }',
];

const things = [
  'undefined',
  'null',
  'NaN',
  '-0',
  '5n',
  '10n ** 5000n',
  'Symbol("x")',
  'function named() {}',
  'class {}',
  '""',
  '"\\u001b]0;TITLE\\u0007\\u202e"',
  '"\\ud800"',
  '"a\\nb\\r\\n2026-11-27 00:00:00.000 [info] forged"',
  '"x".repeat(2e6)',
  'Array(1e6)',
  'Array(2000).fill("y".repeat(5000))',
  'new Date(NaN)',
  '/x/g',
  'new Map([[1, 2]])',
  'new WeakMap()',
  'new Uint8Array(1e6)',
  'Object.create(null)',
  'odd.cycle()',
  'odd.deep(10000)',
  'odd.revoked()',
  'odd.liar()',
  'new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 }, getPrototypeOf() { throw 3 } })',
  'new Proxy([], { get() { throw new Error("get") } })',
  '{ time: "never", level: "loud", msg: 5, node: "other/1", user: -1, err: 7, pid: {} }',
  '{ time: Infinity, level: NaN, toString: 1, __proto__: null }',
  '{ valueOf: 1, constructor: 2, hasOwnProperty: 3, ["__proto__"]: 4 }',
  '{ get a() { throw new Error("getter") }, b: 1 }',
  '{ toJSON() { throw 1 } }',
  '{ toJSON() { return odd.cycle() } }',
  '{ toJSON() { return this } }',
  '{ ["k".repeat(1e5)]: 1, [Symbol("s")]: 2 }',
  'Object.fromEntries(Array(20000).fill(0).map((_, at) => ["k" + at, at]))',
  'new Error("x", { cause: odd.cycle() })',
  'Object.assign(new Error("x"), { name: Symbol("n"), stack: 5 })',
  'Object.defineProperty(new Error("x"), "message", { get() { throw 1 } })',
  'Object.defineProperty(new Error("x"), "stack", { get() { throw 1 } })',
  'new AggregateError([null, new Error("inner")], "many")',
  'Promise.resolve(1)',
  '{ then() { throw 1 } }',
];

/** The text of `source` with brackets round what would else be a block. */
const value = (source: string): string => `(${source})`;

const oddValues: readonly OddValue[] = [
  ...[...noNumbers, ...outOfBounds].flatMap((each) => [
    refused(`metrics.counter('odd_sum').add(${value(each)})`),
    refused(`metrics.gauge('odd_gauge').set(${value(each)})`),
    refused(`metrics.gauge('odd_gauge').add(${value(each)})`),
  ]),
  ...[...noNumbers, 'undefined'].map((each) =>
    refused(`metrics.histogram('odd_time').record(${value(each)})`),
  ),
  ...noNames.flatMap((each) => [
    refused(`metrics.counter(${value(each)}).add()`),
    refused(`metrics.gauge(${value(each)}).set(1)`),
    refused(`metrics.histogram(${value(each)}).record(1)`),
  ]),
  ...noLabels.map((each) => refused(`metrics.counter('odd_labels', ${value(each)}).add()`)),
  refused(`metrics.histogram('odd_time', 'fathoms').record(1)`),
  refused(`metrics.histogram('odd_time', 'bytes').record(1)`),
  ...labelValues.map((each) => accepted(`metrics.counter('odd_labels', { of: ${each} }).add()`)),
  accepted(`metrics.counter('odd_labels', { of: 'kind ' + odd.turn }).add()`),
  accepted(`metrics.counter('odd_sum').add()`, 1),
  accepted(`metrics.counter('odd_sum').add(undefined)`, 1),
  accepted(`metrics.counter('odd_sum').add(0.5)`, 0.5),
  accepted(`metrics.counter('odd_sum').add(1024)`, 1024),
  accepted(`metrics.counter('odd_sum').add(-5)`),
  accepted(`metrics.counter('odd_sum').add(-1e30)`),
  accepted(`metrics.counter('odd_sum').add(-0)`),
  accepted(`metrics.counter('odd_large').add(1e30)`),
  accepted(`metrics.gauge('odd_large').set(-1e30)`),
  ...['Infinity', '-Infinity', '-5', '1e300', '5e-324'].map((each) =>
    accepted(`metrics.histogram('odd_time').record(${each})`),
  ),
  ...things.flatMap((each) => [
    accepted(`log.info(${value(each)})`),
    accepted(`log.info('odd', ${value(each)})`),
    accepted(`log.warn(${value(each)}, ${value(each)})`),
  ]),
  ...things.map((each) => stray(`void Promise.reject(${value(each)})`)),
  stray(`setImmediate(() => { throw odd.liar() })`),
  stray(`queueMicrotask(() => { throw null })`),
  stray(`process.nextTick(() => null.x)`),
];

/** How a `start` ends that fails. */
const oddEnds = things.flatMap((each) => [
  `throw ${value(each)}`,
  `return Promise.reject(${value(each)})`,
]);

/** How many of the odd values a user with that id and seed gives, and which, as numbers of the list below. */
export function oddTurns(seed: number, id: number, each: number): number[] {
  const random = seededRandom(seed, id);
  return Array.from({ length: each }, () => random.integer(0, oddValues.length - 1));
}

/** What must have come of it all, in the whole run. */
export interface OddSums {
  accepted: number;
  refused: number;
  stray: number;
  sum: number;
  labelled: number;
  timed: number;
}

/** Adds up what must come of the odd values of users 1 to `users`. */
export function oddSums(seed: number, users: number, each: number): OddSums {
  const sums = { accepted: 0, refused: 0, stray: 0, sum: 0, labelled: 0, timed: 0 };
  for (let id = 1; id <= users; id++) {
    for (const turn of oddTurns(seed, id, each)) {
      const { source, comesOf, adds = 0 } = oddValues[turn] as OddValue;
      sums[comesOf]++;
      sums.sum += adds;
      if (comesOf !== 'accepted') continue;
      if (source.includes('odd_labels')) sums.labelled++;
      if (source.includes('odd_time')) sums.timed++;
    }
  }
  return sums;
}

/**
 * The scenario: users up to `talkers` log in, send themselves messages and count them, each into a file of its
 * own besides, and give odd values meanwhile; those above fail in an odd way at once.
 *
 * @param folder where each user leaves how often it has counted
 */
export function oddScenario(parts: {
  seed: number;
  talkers: number;
  each: number;
  folder: string;
}): string {
  const turns = Array.from({ length: parts.talkers }, (_, at) =>
    oddTurns(parts.seed, at + 1, parts.each),
  );
  const cases = oddValues.map(({ source }) => `  ({ user, metrics, log, odd }) => { ${source}; },`);
  const ends = oddEnds.map((source) => `  async (odd) => { ${source}; },`);
  return `// @ts-nocheck
import { writeFileSync } from 'node:fs';
import { chatTo, presence } from 'amoc';

export const connectionsPerUser = 1;

const odd = {
  turn: 0,
  cycle: () => { const all = { list: [] }; all.self = all; all.list.push(all); return all; },
  deep: (levels) => { let value = {}; for (let at = 0; at < levels; at++) value = [value]; return value; },
  revoked: () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; },
  liar: () => new Proxy(new Error('x'), { get() { throw new Error('get') }, getPrototypeOf() { throw 1 }, has() { throw 2 } }),
};
const turns = ${JSON.stringify(turns)};
const cases = [
${cases.join('\n')}
];
const ends = [
${ends.join('\n')}
];

export async function start(id, user) {
  const { metrics, log } = user;
  if (id > ${parts.talkers}) return ends[(id * 7919) % ends.length](odd);
  const session = await user.connect();
  session.keepOnly('none');
  await session.send(presence());
  const beats = metrics.counter('beats');
  metrics.histogram('odd_time', 'ms');
  let raised = 0;
  user.onEnd(() => writeFileSync(${JSON.stringify(parts.folder)} + '/' + id, String(raised)));
  for (let turn = 0; ; turn++) {
    await session.send(chatTo(user.jid, 'beat ' + turn));
    beats.add();
    raised++;
    const which = turns[id - 1][turn];
    if (which !== undefined) {
      odd.turn = turn;
      try {
        cases[which]({ user, metrics, log, odd });
        metrics.counter('odd_accepted').add();
      } catch {
        metrics.counter('odd_refused').add();
      }
      if (turn === turns[id - 1].length - 1) metrics.counter('odd_done').add();
    }
    await user.sleep(150);
  }
}
`;
}
