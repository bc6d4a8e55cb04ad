import { IdSet } from '../../lib/ids/id-set.ts';
import { TAKEOVER_MS } from '../../protocol/lease.ts';
import { closedTransport } from '../../protocol/transport.ts';
import { MasterPeer } from '../../protocol/peer.ts';
import { systemClock } from '../../lib/time/clock.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { strategies } from '../../placement/placement.ts';
import type { StrategyName } from '../../placement/placement.ts';
import type { RunMemory } from './journal.ts';
import { NodeEntry } from '../nodes/node-entry.ts';
import type { NodeRegistry } from '../nodes/node-registry.ts';
import type { Role } from '../nodes/node-state.ts';
import type { Holding } from '../users/ledger.ts';
import { Run } from './run.ts';

/** More commands than a process can have received since the journal was written. */
const UNKNOWN_COMMANDS = 10_000;
/** Roughly how many times the previous master may have sent a process its list of users since then. */
const REPEATS = 20;

/** Rebuilds a run, and the processes that have its users, from a journal. */
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
    firstId: memory.firstId ?? 1,
  });
  run.settings = { ...memory.settings };
  run.variables = memory.variables;
  run.connectionsPerUser = memory.connectionsPerUser;
  run.setup = memory.setup;
  run.paused = memory.paused;
  run.announceRunning = false;
  run.totals.add(memory.totals);
  run.isRestored = true;
  run.heldUntil = now + TAKEOVER_MS;
  run.thresholds = { ...memory.thresholds };
  const holdings: Holding[] = [];
  run.windowMemory = memory.windows ?? [];
  for (const each of memory.processes) {
    const { info, number, revision, lastReport, unconfirmed } = each;
    const holding = holdingOf(each);
    holdings.push(holding);
    const peer = new MasterPeer(closedTransport('the previous master'), systemClock);
    const node = new NodeEntry(info, peer, number, {
      // Some commands may have gone out after the journal was written.
      revision: revision + UNKNOWN_COMMANDS,
      lastReport,
      unconfirmed: unconfirmed.map(({ revision: at, ids }) => ({
        revision: at,
        ids: IdSet.ofDisjoint(ids),
      })),
      state: { role: roleOf(each), reach: 'away', awaySince: now },
    });
    const { staying, leaving, removals } = holding;
    const users = [staying, leaving, ...removals].map(({ size }) => size);
    node.mayHave(REPEATS * users.reduce((sum, size) => sum + size, REPEATS));
    node.provenFrom = Infinity;
    node.leaseUntil = now + TAKEOVER_MS;
    registry.reserve(number);
    const namesake = registry.get(info.name);
    if (namesake !== undefined) registry.supersede(namesake);
    registry.add(node);
  }
  run.ledger.restore({
    ended: memory.ended,
    holdings,
    unplaced: IdSet.ofDisjoint(memory.homeless),
    top: memory.top ?? 0,
  });
  run.announceEmpty = run.owners.size > 0;
  return run;
}

function holdingOf(process: RunMemory['processes'][number]): Holding {
  return {
    number: process.number,
    staying: IdSet.ofDisjoint(process.staying),
    leaving: IdSet.ofDisjoint(process.leaving),
    moving: IdSet.ofDisjoint(process.moving ?? []),
    removals: process.forced.map((ranges) => IdSet.ofDisjoint(ranges)),
  };
}

/** A process that was leaving announces it again over its new connection. */
function roleOf({ drained, staying, leaving }: RunMemory['processes'][number]): Role {
  if (drained !== true) return 'ready';
  return staying.length + leaving.length === 0 ? 'drained' : 'draining';
}
