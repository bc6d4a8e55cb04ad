import type { NodeLoad } from '../../protocol/messages.ts';
import { MIN_SATURATED_SECONDS } from '../../record/outcome.ts';

/** Above this share of a core, or this lateness of the event loop, figures reflect the load generator. */
const MOST_CPU = 0.9;
const MOST_DELAY_MS = 100;

/** Why a process measures its own slowness instead of the server's; `undefined` when it does not. */
export function saturationOf({
  cpu,
  loopDelayMs,
}: Pick<NodeLoad, 'cpu' | 'loopDelayMs'>): string | undefined {
  if (loopDelayMs > MOST_DELAY_MS) return `its event loop is ${Math.round(loopDelayMs)} ms late`;
  return cpu > MOST_CPU ? `its CPU is at ${Math.round(cpu * 100)} %` : undefined;
}

/** For how long each process of a run was the bottleneck. */
export class Saturation {
  readonly #nodes = new Map<string, { seconds: number; inARow: number; longest: number }>();

  /** Takes in the load of one second. @returns whether the saturation is to be reported now */
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
    return inARow + 1 === MIN_SATURATED_SECONDS;
  }

  /** The processes that were saturated: for how many seconds in total, and at most in a row. */
  all(): { node: string; seconds: number; inARow: number }[] {
    return [...this.#nodes].map(([node, { seconds, longest }]) => ({
      node,
      seconds,
      inARow: longest,
    }));
  }
}
