import type { Feature, FeatureNode, MasterHalf } from '../../features/feature.ts';
import { assert } from '../../lib/assert.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { AmocError } from '../../lib/errors.ts';
import type { JsonValue } from '../../lib/text/bounded-json.ts';
import type { FeatureMessage, Params } from '../../protocol/messages.ts';
import type { NodeChange, NodeEntry } from '../nodes/node-entry.ts';
import { isAway, isInRun } from '../nodes/node-state.ts';
import type { NodeState } from '../nodes/node-state.ts';

/** What {@link RunFeatures} needs. */
export interface RunFeatureParts {
  /** Name of the run. */
  run: string;
  clock: Clock;
  nodes: () => readonly NodeEntry[];
  commit: () => void;
  heldMs: () => number;
}

/** The master's halves of the features of one run: tells them of processes and messages. */
export class RunFeatures {
  readonly #parts: RunFeatureParts;
  readonly #halves = new Map<string, MasterHalf>();
  readonly #nodes = new WeakMap<NodeEntry, FeatureNode>();
  readonly #entries = new WeakMap<FeatureNode, NodeEntry>();

  constructor(features: readonly Feature[], parts: RunFeatureParts) {
    this.#parts = parts;
    for (const feature of features) this.#halves.set(feature.name, this.#open(feature));
  }

  /** A process has changed its state. */
  nodeChanged({ node, from, to }: NodeChange): void {
    if (isInRun(from) && !isInRun(to)) {
      for (const half of this.#halves.values()) half.nodeGone(this.#of(node));
    } else if (canTalk(to) && !canTalk(from)) {
      for (const half of this.#halves.values()) half.nodeReady(this.#of(node));
    }
  }

  /** @throws {AmocError} `PROTOCOL` for a message that no feature understands */
  heard(node: NodeEntry, { run, name, body }: FeatureMessage): void {
    const half = this.#half(name);
    // What a process says before it takes part is said again when it does.
    if (run !== this.#parts.run || !canTalk(node.state)) return;
    half.heard(this.#of(node), body);
  }

  /** @throws {AmocError} `PROTOCOL`; `NO_RUN` while the process takes no part in this run */
  async asked(node: NodeEntry, params: Params<'feature'>): Promise<JsonValue | undefined> {
    const { run, name, body } = params;
    const half = this.#half(name);
    if (run !== this.#parts.run || !canTalk(node.state)) {
      throw new AmocError('NO_RUN', `${node.name} takes no part in run ${run} now`);
    }
    return half.asked?.(this.#of(node), body);
  }

  /** What the journal keeps, by the names of the features. */
  save(): Record<string, JsonValue> {
    return Object.fromEntries([...this.#halves].map(([name, half]) => [name, half.save()]));
  }

  /** Continues from what the previous master has saved. */
  restore(saved: Readonly<Record<string, JsonValue>>): void {
    for (const [name, half] of this.#halves) {
      const its = saved[name];
      if (its !== undefined) half.restore(its);
    }
  }

  /** The run is over. */
  close(): void {
    for (const half of this.#halves.values()) half.close();
  }

  #open(feature: Feature): MasterHalf {
    const { run, clock, nodes, commit, heldMs } = this.#parts;
    const { name } = feature;
    return feature.master({
      clock,
      commit,
      heldMs,
      nodes: () =>
        nodes()
          .filter(({ state }) => isInRun(state))
          .map((node) => this.#of(node)),
      send: (node, body) => {
        const entry = this.#entryOf(node);
        if (canTalk(entry.state)) entry.peer.send({ type: 'feature', run, name, body });
      },
      ask: async (node, body, timeoutMs) => {
        const { peer } = this.#entryOf(node);
        return (await peer.request('feature', { run, name, body }, timeoutMs)).body;
      },
    });
  }

  #half(name: string): MasterHalf {
    const half = this.#halves.get(name);
    if (half === undefined) throw new AmocError('PROTOCOL', `there is no feature '${name}'`);
    return half;
  }

  /** A process, with no more than a feature may see. */
  #of(entry: NodeEntry): FeatureNode {
    const known = this.#nodes.get(entry);
    if (known !== undefined) return known;
    const { name, info } = entry;
    const node: FeatureNode = {
      name,
      identity: info.identity,
      get isHere() {
        return canTalk(entry.state);
      },
    };
    this.#nodes.set(entry, node);
    this.#entries.set(node, entry);
    return node;
  }

  #entryOf(node: FeatureNode): NodeEntry {
    const entry = this.#entries.get(node);
    assert(entry !== undefined, `${node.name} is of another run`);
    return entry;
  }
}

/** Whether a process takes part in the run, and can be told something. */
function canTalk(state: NodeState): boolean {
  return isInRun(state) && !isAway(state);
}
