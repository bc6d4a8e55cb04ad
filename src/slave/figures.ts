import type { MetricsRegistry } from '../metrics/metrics.ts';
import type { NodeLoad, SlaveMessage } from '../protocol/messages.ts';
import { noUsers } from '../lib/user-states.ts';
import type { SlaveRun } from './run.ts';

type Report = Extract<SlaveMessage, { type: 'report' }>;

/** What a report needs. */
export interface FigureParts {
  run: SlaveRun | undefined;
  load: NodeLoad;
  metrics: MetricsRegistry;
  /** The revision of the last command that the process has applied. */
  revision: number;
  /** Whether to add a digest of the users that are present. */
  withDigest: boolean;
}

/** Takes everything since the last report: no later report has it. */
export function takeFigures(parts: FigureParts): Omit<Report, 'type' | 'sequence'> {
  const { run, load, metrics, revision, withDigest } = parts;
  const pool = run?.pool;
  const ended = pool?.takeEnded();
  return {
    ...(run === undefined ? {} : { run: run.id }),
    users: pool?.counts ?? noUsers,
    load,
    ...(withDigest && pool !== undefined ? { digest: pool.digest() } : {}),
    delta: metrics.drain(),
    ended: {
      finished: [...(ended?.finished.ranges ?? [])],
      crashed: [...(ended?.crashed.ranges ?? [])],
      removed: [...(ended?.removed.ranges ?? [])],
      moved: [...(ended?.moved.ranges ?? [])],
      back: [...(ended?.back.ranges ?? [])],
      revision,
    },
  };
}
