import type { FigureWindow } from '../../record/recent-seconds.ts';
import { judge } from '../../record/thresholds.ts';
import type { Standing, Threshold } from '../../record/thresholds.ts';
import type { Verdict } from '../../record/verdict.ts';
import { WindowHistory } from '../../record/window-history.ts';
import type { WindowMemory } from '../../record/window-history.ts';

/** The figures that thresholds are judged by. */
export interface JudgedFigures {
  /** The run so far. */
  run: Standing;
  /** The figures of the last milliseconds. */
  window: (overMs: number) => FigureWindow;
}

/** The thresholds of a run: those over the run so far, and those over a window. */
export class Judging {
  readonly #thresholds: readonly { threshold: Threshold; history: WindowHistory | undefined }[];

  /** @param memory what the previous master knew of those over a window */
  constructor(thresholds: readonly Threshold[], memory: readonly WindowMemory[] = []) {
    this.#thresholds = thresholds.map((threshold) => {
      const { overMs, text } = threshold;
      const known = memory.find((each) => each.threshold === text);
      const history =
        overMs === undefined ? undefined : new WindowHistory(threshold, overMs, known);
      return { threshold, history };
    });
  }

  get isEmpty(): boolean {
    return this.#thresholds.length === 0;
  }

  /**
   * Judges a second.
   *
   * @param how whether windows are judged now, and whether their misses count
   * @returns the verdicts on the figures of now
   */
  second(figures: JudgedFigures, how: { windows: boolean; counts: boolean }): Verdict[] {
    return this.#thresholds.flatMap(({ threshold, history }) => {
      if (history === undefined) return [judge(threshold, figures.run)];
      if (!how.windows) return [];
      const window = figures.window(history.overMs);
      return [history.note(standingOf(window, threshold, figures.run), how.counts)];
    });
  }

  /** The verdicts on the run so far. */
  verdicts(run: Standing): Verdict[] {
    return this.#thresholds.map(
      ({ threshold, history }) => history?.verdict(run) ?? judge(threshold, run),
    );
  }

  /** What a restarted master needs to know. */
  memory(): WindowMemory[] {
    return this.#thresholds.flatMap(({ history }) => history?.memory() ?? []);
  }
}

function standingOf(window: FigureWindow, { metric }: Threshold, run: Standing): Standing {
  const { crashed, lost } = window.ended;
  return {
    totals: window.totals(metric),
    users: { crashed, lost },
    started: window.ran,
    seconds: window.lengthMs / 1000,
    run: run.totals,
  };
}
