import type { IdSet } from '../../lib/ids/id-set.ts';
import type { RunDefinition } from '../../record/types.ts';
import type { MasterParts } from '../context.ts';
import type { NodeEntry } from '../nodes/node-entry.ts';
import type { Run } from './run.ts';

/** Describes a run for its observers; secrets are left out. */
export function defineRun(
  run: Run,
  ids: IdSet,
  { name, version = '' }: Pick<MasterParts, 'name' | 'version'>,
  nodes: readonly NodeEntry[],
): RunDefinition {
  const secrets = new Set(run.variables.filter(({ secret }) => secret).map((each) => each.name));
  const settings = Object.entries(run.settings).map(
    ([setting, value]) => [setting, secrets.has(setting) ? '***' : value] as const,
  );
  return {
    id: run.id,
    cluster: name,
    scenario: run.scenario,
    hash: run.bundle.hash,
    ...(run.comment === undefined ? {} : { comment: run.comment }),
    from: ids.size === 0 ? 0 : ids.lowest,
    to: ids.size === 0 ? 0 : ids.highest,
    seed: run.seed,
    settings: Object.fromEntries(settings),
    thresholds: run.thresholds,
    nodes: nodes.map((node) => node.name),
    startedAt: run.startedAt,
    versions: { amoc: version, node: process.versions.node },
  };
}
