import { IdSet } from '../lib/ids/id-set.ts';

/** A process that can take users. */
export interface PlacementNode {
  /** `slave1/2`: machine, then process. */
  readonly name: string;
  /** How many users it has now. */
  readonly users: number;
  /** Its label `weight`. @default 1 */
  readonly weight?: number;
}

/** Which process gets which of the new ids; every id exactly once. */
export type Placement = ReadonlyMap<string, IdSet>;

/** Decides where new users go: a pure function of the ids and the processes, in {@link visitingOrder}. */
export type PlacementStrategy = (ids: IdSet, nodes: readonly PlacementNode[]) => Placement;

/** User 1 → the first process, user 2 → the second …: fixed by the id, regardless of users present before. */
export const roundRobin: PlacementStrategy = (ids, nodes) => {
  const share = new Map<string, IdSet>();
  for (const range of ids.ranges) {
    for (let offset = 0; offset < nodes.length; offset++) {
      const from = range.from + offset * range.step;
      const index = (range.step === 1 ? from - 1 : offset) % nodes.length;
      give(share, nodes, index, IdSet.range(from, range.to, range.step * nodes.length));
    }
  }
  return share;
};

/** Evens out the numbers of users; processes with equal numbers take turns. */
export const leastLoaded: PlacementStrategy = (ids, nodes) => {
  const counts = fill(
    nodes.map((node) => node.users),
    ids.size,
  );
  return inTurns(ids, nodes, counts);
};

/** In proportion to the weights of the processes (the label `weight`, 1 when left out), in turns. */
export const weighted: PlacementStrategy = (ids, nodes) => {
  const total = nodes.reduce((sum, node) => sum + weightOf(node), 0);
  const exact = nodes.map((node) => (ids.size * weightOf(node)) / total);
  const counts = exact.map(Math.floor);
  const left = ids.size - counts.reduce((sum, each) => sum + each, 0);
  // The largest remainders get what is left over.
  exact
    .map((share, index) => ({ index, rest: share - Math.floor(share) }))
    .sort((a, b) => b.rest - a.rest || a.index - b.index)
    .slice(0, left)
    .forEach(({ index }) => (counts[index] = (counts[index] ?? 0) + 1));
  return inTurns(ids, nodes, counts);
};

function weightOf({ weight = 1 }: PlacementNode): number {
  return weight;
}

/** One contiguous block of ids for each process, as Erlang amoc 4 places them. */
export const block: PlacementStrategy = (ids, nodes) => {
  const share = new Map<string, IdSet>();
  const sorted = ids.toArray();
  let at = 0;
  for (let index = 0; index < nodes.length; index++) {
    const end = at + Math.ceil((sorted.length - at) / (nodes.length - index));
    give(share, nodes, index, IdSet.ofSorted(sorted.slice(at, end)));
    at = end;
  }
  return share;
};

/**
 * How many users each of several processes must give away so that their numbers are as even as possible.
 *
 * @param levels how many users each process has
 * @param coming how many users are on their way already, and go to the processes with the fewest
 */
export function excess(levels: readonly number[], coming = 0): number[] {
  const total = levels.reduce((sum, level) => sum + level, coming);
  const low = Math.floor(total / Math.max(1, levels.length));
  // The highest keep the remainder, so that no user moves without need.
  const order = levels.map((level, index) => ({ level, index })).sort((a, b) => b.level - a.level);
  const extra = total - low * levels.length;
  const moves = levels.map(() => 0);
  order.forEach(({ level, index }, place) => {
    moves[index] = Math.max(0, level - low - (place < extra ? 1 : 0));
  });
  return moves;
}

/** The strategies that can be named in `do(…, { placement: 'roundRobin' })`. */
export const strategies = { roundRobin, leastLoaded, weighted, block } as const;

/** Name of a built-in strategy. */
export type StrategyName = keyof typeof strategies;

/** The strategy of a run whose `do` named none. */
export const DEFAULT_STRATEGY = 'roundRobin';

/** The name of a built-in strategy; `undefined` for a custom function. */
export function nameOfStrategy(strategy: PlacementStrategy): StrategyName | undefined {
  const names = Object.keys(strategies) as StrategyName[];
  return names.find((name) => strategies[name] === strategy);
}

/**
 * Orders processes machine by machine: `slave1/1`, `slave2/1`, …, then `slave1/2`, so that
 * user 1 is on slave1 and user 2 on slave2, however many processes each has.
 */
export function visitingOrder(a: string, b: string): number {
  const [machineA, processA] = split(a);
  const [machineB, processB] = split(b);
  return processA - processB || natural.compare(machineA, machineB);
}

const natural = new Intl.Collator('en', { numeric: true });

function split(name: string): [string, number] {
  const slash = name.lastIndexOf('/');
  return slash < 0 ? [name, 0] : [name.slice(0, slash), Number(name.slice(slash + 1))];
}

/** How many of `more` each level takes so that the totals are as even as possible. */
function fill(levels: readonly number[], more: number): number[] {
  const counts = levels.map(() => 0);
  const order = levels.map((level, index) => ({ level, index })).sort((a, b) => a.level - b.level);
  let left = more;
  for (let width = 1; width <= order.length && left > 0; width++) {
    const level = (order[width - 1] as { level: number }).level;
    const above = order[width]?.level ?? Infinity;
    const pour = Math.min(left, (above - level) * width);
    order.slice(0, width).forEach(({ index }, place) => {
      const drop = Math.floor(pour / width) + (place < pour % width ? 1 : 0);
      counts[index] = (counts[index] ?? 0) + drop;
    });
    left -= pour;
  }
  return counts;
}

function inTurns(ids: IdSet, nodes: readonly PlacementNode[], counts: number[]): Placement {
  const lists = nodes.map((): number[] => []);
  let turn = 0;
  for (const id of ids.toArray()) {
    while ((lists[turn] as number[]).length >= (counts[turn] ?? 0))
      turn = (turn + 1) % nodes.length;
    (lists[turn] as number[]).push(id);
    turn = (turn + 1) % nodes.length;
  }
  const share = new Map<string, IdSet>();
  lists.forEach((list, index) => give(share, nodes, index, IdSet.ofSorted(list)));
  return share;
}

function give(
  share: Map<string, IdSet>,
  nodes: readonly PlacementNode[],
  index: number,
  ids: IdSet,
): void {
  const name = nodes[index]?.name;
  if (name === undefined || ids.size === 0) return;
  share.set(name, (share.get(name) ?? IdSet.empty).union(ids));
}
