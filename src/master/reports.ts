import { digestOf } from '../lib/id-digest.ts';
import { decodeDelta, sizeOf } from '../metrics/totals.ts';
import { IdSet } from '../lib/id-set.ts';
import { plural } from '../lib/words.ts';
import type { SlaveMessage } from '../protocol/messages.ts';
import type { Cluster } from './cluster.ts';
import type { NodeEntry } from './node-entry.ts';
import { NOWHERE } from './owner-table.ts';
import { implausibility } from './plausibility.ts';
import { saturationOf } from './saturation.ts';
import type { EndedCounts, Run } from './run.ts';
import { countUsers } from './views.ts';

/** What a process reports: counts, load, and who has ended. */
export type Report = Omit<Extract<SlaveMessage, { type: 'report' }>, 'type'>;

/** What follows from reports. */
export interface ReportParts {
  /** A process that was out of reach has reported. */
  returned: (run: Run, node: NodeEntry) => void;
  /** A process has other users than it should have. */
  repair: (run: Run, node: NodeEntry) => void;
  /** Users that waited for a place may have one. */
  placeHomeless: (run: Run) => void;
  /** A process that is back does not have the run any more. */
  forgotten: (node: NodeEntry) => void;
  /** A process reports what cannot be. */
  distrust: (run: Run, node: NodeEntry, why: string) => void;
  /** Users that were to move have ended where they were. */
  move: (run: Run, ids: IdSet) => void;
}

/** Loads are noted each second; reports are some milliseconds early or late. */
const LOAD_MS = 900;

/** A process whose reports are behind the commands for so long has not got one of them. */
const BEHIND_MS = 3000;

/** Takes the processes' reports in, and says what follows from them. */
export class Reports {
  readonly #cluster: Cluster;
  readonly #parts: ReportParts;

  constructor(cluster: Cluster, parts: ReportParts) {
    this.#cluster = cluster;
    this.#parts = parts;
  }

  /**
   * Takes a report in: counts, figures, and who has ended.
   *
   * @throws {AmocError} `PROTOCOL` when its figures are damaged; nothing has changed then
   */
  take(node: NodeEntry, report: Report): void {
    const decoded = decodeDelta(report.delta);
    node.load = report.load;
    // Each once: one that was not acknowledged is sent again.
    if (report.sequence <= node.lastReport) return;
    const missed = node.lastReport === 0 ? 0 : report.sequence - node.lastReport - 1;
    node.lastReport = report.sequence;
    const run = this.#cluster.run;
    if (report.run === undefined || report.run !== run?.id) {
      if (node.status.is === 'returning') this.#parts.forgotten(node);
      else this.#endStray(node, report);
      return;
    }
    // What it has to say of before it was given up, or set up, is about users that are counted already.
    const lie = node.isInRun ? implausibility(report, node.mostUsers) : undefined;
    if (lie !== undefined) {
      this.#parts.distrust(run, node, lie);
      return;
    }
    if (missed > 0) this.#tellMissed(node, missed);
    const now = this.#cluster.parts.clock.monotonic();
    // Whom the master before had given users its journal does not say.
    if (run.isRestored || run.served.has(node.info.identity)) {
      run.totals.addDecoded(decoded, node.name);
      run.noteArrival(node.info.identity, report.delta.recorded ?? 0, sizeOf(decoded));
      this.#cluster.chronicle.report(node, decoded, report.delta);
      run.startRate.add(report.delta.counters['users_started'] ?? 0, now);
      run.sentRate.add(report.delta.counters['messages_sent'] ?? 0, now);
    } else this.#leaveOut(node, sizeOf(decoded));
    // It was given up, and has yet to be set up anew: its users are counted as lost already.
    if (!node.isInRun) return;
    // One report a second has a digest.
    if (report.digest !== undefined) this.#noteLoad(run, node, report, now);
    node.users = report.users;
    const { forced, moved, ended } = this.#countEnds(run, node, report);
    const waited = node.unconfirmedRemovals;
    node.confirmForced(ended);
    const { back, revision } = report.ended;
    const isStale = revision < node.provenFrom;
    if (isStale && ended.size > 0 && node.status.is !== 'returning') node.isUnproven = true;
    // Whose removal by force was awaited is gone, whether that user has been given to it anew or not.
    const others = ended.difference(forced).difference(IdSet.ofDisjoint(back));
    const gone = node.confirmGone(others, revision);
    // A user that was removed here and added elsewhere since is not that node's to end.
    if (gone.size > 0) {
      const own = run.owners.ownedBy(gone, node.number);
      this.#release(run, node, own.difference(moved));
      this.#move(run, node, own.intersection(moved), isStale);
    }
    // Somebody may have waited for them to be gone.
    if (node.unconfirmedRemovals < waited && run.owners.countOf(NOWHERE) > 0) {
      this.#parts.placeHomeless(run);
    }
    this.#compare(run, node, report, now);
    this.#announce(run);
  }

  /** Counts the ends that a process tells of. @returns them, those that are to go on elsewhere, and those by force */
  #countEnds(
    run: Run,
    node: NodeEntry,
    report: Report,
  ): { ended: IdSet; moved: IdSet; forced: IdSet } {
    const forced = node.unconfirmedForced;
    let ended = IdSet.empty;
    for (const kind of ['finished', 'crashed', 'removed', 'moved'] as const) {
      const ids = IdSet.ofDisjoint(report.ended[kind]);
      node.reportedEnds(ids.size);
      ended = ended.union(ids);
      const removed = ids.intersection(forced);
      // After a restart the journal may be older than who had whom: by it, another's user has not ended.
      if (kind !== 'moved') {
        run.ended[kind] += removed.union(run.owners.ownedBy(ids, node.number)).size;
      } else run.ended.removed += removed.size;
    }
    return { ended, moved: IdSet.ofDisjoint(report.ended.moved), forced };
  }

  #release(run: Run, node: NodeEntry, ids: IdSet): void {
    run.owners.release(ids);
    node.moving = node.moving.difference(ids);
  }

  /** Users have ended in a process to go on elsewhere. */
  #move(run: Run, node: NodeEntry, ids: IdSet, isStale: boolean): void {
    const movers = this.#cluster.state.is === 'running' ? run.owners.staysOf(ids) : IdSet.empty;
    // They were asked to leave meanwhile.
    const removed = ids.difference(movers);
    this.#release(run, node, removed);
    run.ended.removed += removed.size;
    if (movers.size === 0) return;
    if (isStale) {
      // The master before may have given them back to it: the next `desire` asks whether it has them.
      node.moving = node.moving.union(movers);
      return;
    }
    node.moving = node.moving.difference(movers);
    this.#parts.move(run, movers);
  }

  /** A process that was never given a user of the run has nothing to count in it. */
  #leaveOut(node: NodeEntry, recorded: number): void {
    if (recorded === 0 || node.isLeftOut) return;
    node.isLeftOut = true;
    const text = `${node.name} reports figures, and was never given a user of this run; they are left out`;
    this.#cluster.parts.notice({ level: 'warn', text });
  }

  #noteLoad(run: Run, node: NodeEntry, { load }: Report, now: number): void {
    // Who asks for the status makes processes report more often: a second counts once.
    if (now - node.loadNotedAt < LOAD_MS) return;
    node.loadNotedAt = now;
    if (!run.saturation.note(node.name, load)) return;
    this.#cluster.tell('saturated', {
      level: 'warn',
      text: `${node.name} is saturated (${saturationOf(load)}): the figures are the load generator's, not the server's; use more processes or machines, or a longer interarrival`,
    });
  }

  /** Compares what a process has with what it should have. */
  #compare(run: Run, node: NodeEntry, report: Report, now: number): void {
    const { state } = this.#cluster;
    if (state.is !== 'running' && state.is !== 'failed') return;
    if (node.status.is === 'returning') {
      node.hasHad(report.ended.revision);
      this.#parts.returned(run, node);
      return;
    }
    if (state.is === 'failed') return;
    const { digest } = report;
    const revision = report.ended.revision;
    if (node.isUnproven && revision >= node.provenFrom) {
      // What it told of before the first `desire` came after that was sent.
      node.isUnproven = false;
      this.#parts.repair(run, node);
      return;
    }
    if (digest === undefined || this.#cluster.parts.leases !== true) return;
    if (revision > node.revision) {
      // Commands of a master before this one that its journal does not have: they do not count.
      node.hasHad(revision);
      this.#parts.repair(run, node);
      return;
    }
    if (revision < node.revision) {
      node.behindSince ??= now;
      if (now - node.behindSince < BEHIND_MS) return;
    } else {
      const wanted = run.owners.digestOf(node.number);
      const moving = digestOf(node.moving);
      const isSame =
        digest.count === wanted.count - moving.count &&
        digest.sum === (wanted.sum - moving.sum) >>> 0;
      if (isSame && node.unconfirmedRemovals > 0) {
        node.behindSince ??= now;
        if (now - node.behindSince < BEHIND_MS) return;
      } else {
        node.behindSince = undefined;
        if (isSame) return;
      }
    }
    if (!node.mayRepair(now)) return;
    node.behindSince = undefined;
    this.#parts.repair(run, node);
  }

  /** They will not come again: the two go on from this report, and from whom the process has now. */
  #tellMissed(node: NodeEntry, missed: number): void {
    this.#cluster.parts.notice({
      level: 'warn',
      text: `${plural(missed, 'report')} of ${node.name} came to the master before this one and ${missed === 1 ? 'is' : 'are'} not in its journal: what ${missed === 1 ? 'it' : 'they'} counted is missing`,
    });
  }

  /** A run that nobody knows any more: the master before had it, and its journal is gone. */
  #endStray(node: NodeEntry, { run, users }: Report): void {
    const isKnown = this.#cluster.run !== undefined || this.#cluster.state.is !== 'idle';
    if (run === undefined || isKnown || this.#cluster.parts.leases !== true) return;
    const there = users.starting + users.running + users.waiting + users.leaving + users.moving;
    this.#cluster.ask(node, 'discard', { run });
    if (there === 0) return;
    this.#cluster.parts.notice({
      level: 'warn',
      text: `${node.name} had ${there} users of the run ${run}, which is unknown here; they were stopped`,
    });
  }

  #announce(run: Run): void {
    if (this.#cluster.state.is !== 'running') return;
    const isOver = run.announceEmpty && run.owners.size === 0;
    if (!run.announceRunning && !isOver) return;
    const users = countUsers(run, this.#cluster.nodes.all());
    const { owners, ended } = run;
    if (
      run.announceRunning &&
      users.starting === 0 &&
      users.running + users.waiting >= owners.staying &&
      owners.staying > 0 &&
      run.mayAnnounce(this.#cluster.parts.clock.monotonic())
    ) {
      run.announced();
      this.#cluster.parts.notice({
        level: 'info',
        text: `${run.scenario} ${describeStart(owners.staying, ended)}`,
      });
    } else if (isOver) {
      run.announceRunning = false;
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
