import { IdSet } from '../lib/id-set.ts';
import { TAKEOVER_MS } from '../protocol/lease.ts';
import { closedTransport } from '../protocol/transport.ts';
import { MasterPeer } from '../protocol/peer.ts';
import { systemClock } from '../lib/clock.ts';
import type { Clock } from '../lib/clock.ts';
import { strategies } from '../placement/placement.ts';
import type { StrategyName } from '../placement/placement.ts';
import type { RunMemory } from './journal.ts';
import { NodeEntry } from './node-entry.ts';
import type { NodeRegistry } from './node-registry.ts';
import { NOWHERE } from './owner-table.ts';
import { Run } from './run.ts';

/** More commands than a node can have got since the journal was written. */
const UNKNOWN_COMMANDS = 10_000;
/** How often the master before may have told a node who it should have since then, roughly. */
const REPEATS = 20;

/** Makes a run, and the nodes that have its users, of what a journal kept. */
export function restoreRun(memory: RunMemory, registry: NodeRegistry, clock: Clock): Run {
  const now = clock.monotonic();
  const run = new Run({
    prepare: memory.prepare,
    comment: memory.comment,
    placement: strategies[memory.placement as StrategyName],
    nodes: memory.nodes,
    startedAt: memory.startedAt,
    began: now - Math.max(0, clock.now() - memory.startedAt),
    rate: memory.rate,
  });
  run.settings = { ...memory.settings };
  run.variables = memory.variables;
  run.connectionsPerUser = memory.connectionsPerUser;
  run.setup = memory.setup;
  run.paused = memory.paused;
  run.announceRunning = false;
  Object.assign(run.ended, memory.ended);
  run.totals.add(memory.totals);
  run.isRestored = true;
  run.heldUntil = now + TAKEOVER_MS;
  run.thresholds = { ...memory.thresholds };
  for (const each of memory.processes) {
    const { info, number, revision, lastReport, staying, leaving, forced, unconfirmed } = each;
    const peer = new MasterPeer(closedTransport('the master before'), systemClock);
    const node = new NodeEntry(info, peer, number, {
      // Some commands may have gone out after the journal was written.
      revision: revision + UNKNOWN_COMMANDS,
      lastReport,
      forced: forced.map((ranges) => IdSet.ofDisjoint(ranges)),
      unconfirmed: unconfirmed.map(({ revision: at, ids }) => ({
        revision: at,
        ids: IdSet.ofDisjoint(ids),
      })),
    });
    const users = [staying, leaving, ...forced].map((ranges) => IdSet.ofDisjoint(ranges).size);
    node.mayHave(REPEATS * users.reduce((sum, size) => sum + size, REPEATS));
    node.wasDrained = each.drained === true;
    node.provenFrom = Infinity;
    node.moving = IdSet.ofDisjoint(each.moving ?? []);
    node.status = { is: 'away', since: now };
    node.leaseUntil = now + TAKEOVER_MS;
    registry.reserve(number);
    const namesake = registry.get(info.name);
    if (namesake !== undefined) registry.displace(namesake);
    registry.add(node);
    run.owners.assign(IdSet.ofDisjoint(staying), number);
    run.owners.assign(IdSet.ofDisjoint(leaving), number);
    run.owners.markLeaving(IdSet.ofDisjoint(leaving));
  }
  run.owners.assign(IdSet.ofDisjoint(memory.homeless), NOWHERE);
  run.owners.restoreTop(memory.top ?? 0);
  run.announceEmpty = run.owners.size > 0;
  return run;
}
