import type { NodeLoad } from '../../protocol/messages.ts';
import { MIN_SATURATED_SECONDS } from '../../record/outcome.ts';
import { saturationOf } from '../../record/saturation.ts';

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
