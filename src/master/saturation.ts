import type { NodeLoad } from '../protocol/messages.ts';

/** Share of a core, and lateness of the event loop, past which figures are the load generator's own. */
const MOST_CPU = 0.9;
const MOST_DELAY_MS = 100;

/** A second alone is no reason to speak: a garbage collection, a start of many users. */
const SECONDS_TO_TELL = 3;

/** Why what a process measures is its own slowness, not the server's; `undefined` when it is not. */
export function saturationOf({
  cpu,
  loopDelayMs,
}: Pick<NodeLoad, 'cpu' | 'loopDelayMs'>): string | undefined {
  if (loopDelayMs > MOST_DELAY_MS) return `its event loop is ${Math.round(loopDelayMs)} ms late`;
  return cpu > MOST_CPU ? `its CPU is at ${Math.round(cpu * 100)} %` : undefined;
}

/** How long which process of a run was the bottleneck. */
export class Saturation {
  readonly #nodes = new Map<string, { seconds: number; inARow: number; longest: number }>();

  /** Takes in the load of one second. @returns whether it is time to tell */
  note(node: string, load: NodeLoad): boolean {
    const known = this.#nodes.get(node);
    if (saturationOf(load) === undefined) {
      if (known !== undefined) known.inARow = 0;
      return false;
    }
    const { seconds, inARow, longest } = known ?? { seconds: 0, inARow: 0, longest: 0 };
    this.#nodes.set(node, {
      seconds: seconds + 1,
      inARow: inARow + 1,
      longest: Math.max(longest, inARow + 1),
    });
    return inARow + 1 === SECONDS_TO_TELL;
  }

  /** The processes that were saturated: for how many seconds in all, and at a time. */
  all(): { node: string; seconds: number; inARow: number }[] {
    return [...this.#nodes].map(([node, { seconds, longest }]) => ({
      node,
      seconds,
      inARow: longest,
    }));
  }
}
