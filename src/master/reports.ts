import { IdSet } from '../lib/id-set.ts';
import type { SlaveMessage } from '../protocol/messages.ts';
import type { Cluster } from './cluster.ts';
import type { NodeEntry } from './node-entry.ts';
import type { EndedCounts, Run } from './run.ts';
import { countUsers } from './views.ts';

/** What a process reports: counts, load, and who has ended. */
export type Report = Omit<Extract<SlaveMessage, { type: 'report' }>, 'type'>;

/** Takes the processes' reports in, and says what follows from them. */
export class Reports {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Takes a report in: counts, figures, and who has ended. */
  take(node: NodeEntry, report: Report): void {
    node.load = report.load;
    const run = this.#cluster.run;
    if (run === undefined || report.run !== run.id) return;
    node.users = report.users;
    const now = this.#cluster.parts.clock.monotonic();
    run.totals.add(report.delta);
    run.startRate.add(report.delta.counters['users_started'] ?? 0, now);
    run.sentRate.add(report.delta.counters['messages_sent'] ?? 0, now);
    let gone = IdSet.empty;
    for (const kind of ['finished', 'crashed', 'removed'] as const) {
      const ids = IdSet.ofDisjoint(report.ended[kind]);
      run.ended[kind] += ids.size;
      gone = gone.union(ids);
    }
    gone = node.confirmGone(
      gone.difference(IdSet.ofDisjoint(report.ended.back)),
      report.ended.revision,
    );
    // A user that was removed here and added elsewhere since is not that node's to end.
    if (gone.size > 0) run.owners.release(run.owners.ownedBy(gone, node.number));
    this.#announce(run);
  }

  #announce(run: Run): void {
    if (this.#cluster.state.is !== 'running') return;
    const users = countUsers(run, this.#cluster.nodes.all());
    const { owners, ended } = run;
    if (
      run.announceRunning &&
      users.starting === 0 &&
      users.running + users.waiting >= owners.staying &&
      owners.staying > 0
    ) {
      run.announceRunning = false;
      run.announceEmpty = true;
      this.#cluster.parts.notice({
        level: 'info',
        text: `${run.scenario} ${describeStart(owners.staying, ended)}`,
      });
    } else if (run.announceEmpty && owners.size === 0) {
      run.announceEmpty = false;
      this.#cluster.parts.notice({
        level: 'info',
        text: `${run.scenario} no users are left: ${ended.finished} finished, ${ended.removed} were removed, ${ended.crashed} crashed; add(), or stop()`,
      });
    }
  }
}

/** That everybody has had their turn, and who is still there. */
function describeStart(there: number, { finished, crashed }: EndedCounts): string {
  if (finished + crashed > 0) {
    return `everybody has started: ${there} are there, ${finished} finished, ${crashed} crashed`;
  }
  return there === 1 ? 'the user is running' : `all ${there} users are running`;
}
