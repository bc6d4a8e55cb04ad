import { decodeDelta, sizeOf } from '../../metrics/totals.ts';
import { IdSet } from '../../lib/ids/id-set.ts';
import { plural } from '../../lib/text/plural.ts';
import type { SlaveMessage } from '../../protocol/messages.ts';
import type { MasterContext } from '../context.ts';
import type { NodeEntry } from '../nodes/node-entry.ts';
import { UNPLACED } from './owner-table.ts';
import { implausibility } from '../nodes/plausibility.ts';
import { saturationOf } from '../../record/saturation.ts';
import type { Run } from '../run/run.ts';
import type { EndedCounts, ReportedEnds } from './ledger.ts';
import { countUsers } from '../views.ts';

/** What a process reports: counts, load, and which users have ended. */
export type Report = Omit<Extract<SlaveMessage, { type: 'report' }>, 'type'>;

/** The reactions to reports. */
export interface ReportParts {
  /** A process that was out of reach has reported. */
  returned: (run: Run, node: NodeEntry) => void;
  /** A process has other users than it should have. */
  repair: (run: Run, node: NodeEntry) => void;
  /** Users that wait for a process may be placed. */
  placeUnplaced: (run: Run) => void;
  /** A process that is back does not have the run any more. */
  forgotten: (node: NodeEntry) => void;
  /** A process reports what cannot be true. */
  distrust: (run: Run, node: NodeEntry, why: string) => void;
  /** Users that were to move have ended where they were. */
  move: (run: Run, ids: IdSet) => void;
}

/** Loads are recorded once a second; reports come some milliseconds early or late. */
const LOAD_MS = 900;

/** After this long, a revision that lags behind means that the process has missed a command. */
const BEHIND_MS = 3000;

/** Takes in the reports of the processes, and decides what follows from them. */
export class Reports {
  readonly #context: MasterContext;
  readonly #parts: ReportParts;

  constructor(context: MasterContext, parts: ReportParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /**
   * Takes in a report: counts, figures, and which users have ended.
   *
   * @throws {AmocError} `PROTOCOL` when its figures are damaged; nothing has changed then
   */
  ingest(node: NodeEntry, report: Report): void {
    const decoded = decodeDelta(report.delta);
    node.load = report.load;
    // Each report counts once: one that was not acknowledged is sent again.
    if (report.sequence <= node.lastReport) return;
    const missed = node.lastReport === 0 ? 0 : report.sequence - node.lastReport - 1;
    node.lastReport = report.sequence;
    const run = this.#context.run;
    if (report.run === undefined || report.run !== run?.id) {
      if (node.state.reach === 'returning') this.#parts.forgotten(node);
      else this.#discardUnknown(node, report);
      return;
    }
    // A report from before the process was given up, or set up, is about users that are counted already.
    const lie = node.isInRun ? implausibility(report, node.mostUsers) : undefined;
    if (lie !== undefined) {
      this.#parts.distrust(run, node, lie);
      return;
    }
    if (missed > 0) this.#tellMissed(node, missed);
    const now = this.#context.parts.clock.monotonic();
    // The journal does not say which processes the previous master had given users.
    if (run.isRestored || run.served.has(node.info.identity)) {
      run.totals.addDecoded(decoded, node.name);
      run.noteArrival(node.info.identity, report.delta.recorded ?? 0, sizeOf(decoded));
      this.#context.chronicle.report(node, decoded);
    } else this.#leaveOut(node, sizeOf(decoded));
    // The process was given up and is not set up again yet: its users are counted as lost already.
    if (!node.isInRun) return;
    // One report a second has a digest.
    if (report.digest !== undefined) this.#noteLoad(run, node, report, now);
    node.users = report.users;
    this.#takeEnds(run, node, report);
    this.#compare(run, node, report, now);
    this.#announce(run);
  }

  /** Takes in which users have ended in a process; those that have moved are placed again. */
  #takeEnds(run: Run, node: NodeEntry, report: Report): void {
    const { back, revision } = report.ended;
    const ends = endsOf(report);
    const { finished, crashed, removed, moved } = ends;
    const count = finished.size + crashed.size + removed.size + moved.size;
    node.reportedEnds(count);
    node.covered(revision);
    const isStale = revision < node.provenFrom;
    if (isStale && count > 0 && node.state.reach !== 'returning') node.isUnproven = true;
    const { ledger } = run;
    const awaited = ledger.unconfirmed;
    const again = IdSet.ofDisjoint(back);
    const movers = ledger.confirm(
      node.number,
      ends,
      (ids) => node.notGivenSince(ids.difference(again)),
      this.#context.state.is === 'running',
    );
    // The previous master may have given them back to the process: then the next `desire` settles it.
    if (movers.size > 0 && !isStale) this.#parts.move(run, movers);
    if (run.owners.countOf(node.number) === 0) node.apply({ type: 'emptied' });
    // Other users may have waited until these are gone.
    if (ledger.unconfirmed < awaited && run.owners.countOf(UNPLACED) > 0) {
      this.#parts.placeUnplaced(run);
    }
  }

  /** A process that was never given a user of the run has nothing to count in the run. */
  #leaveOut(node: NodeEntry, recorded: number): void {
    if (recorded === 0 || node.isLeftOut) return;
    node.isLeftOut = true;
    const text = `${node.name} reports figures, but was never given a user of this run; they are left out`;
    this.#context.parts.notice({ level: 'warn', text });
  }

  #noteLoad(run: Run, node: NodeEntry, { load }: Report, now: number): void {
    // Each status() makes the processes send another report: a second counts only once.
    if (now - node.loadNotedAt < LOAD_MS) return;
    node.loadNotedAt = now;
    if (!run.saturation.note(node.name, load)) return;
    this.#context.tell('saturated', {
      level: 'warn',
      text: `${node.name} is saturated (${saturationOf(load)}): the results reflect the load generator, not the server; use more processes or machines, or a longer interarrival`,
    });
  }

  /** Compares the users that a process has with those that it should have. */
  #compare(run: Run, node: NodeEntry, report: Report, now: number): void {
    const { state } = this.#context;
    if (state.is !== 'running' && state.is !== 'failed') return;
    if (node.state.reach === 'returning') {
      node.hasHad(report.ended.revision);
      this.#parts.returned(run, node);
      return;
    }
    if (state.is === 'failed') return;
    const { digest } = report;
    const revision = report.ended.revision;
    if (node.isUnproven && revision >= node.provenFrom) {
      // Ends from before the first `desire` were reported after it was sent.
      node.isUnproven = false;
      this.#parts.repair(run, node);
      return;
    }
    if (digest === undefined || this.#context.parts.leases !== true) return;
    if (revision > node.revision) {
      // Commands of a previous master that are not in the journal do not count.
      node.hasHad(revision);
      this.#parts.repair(run, node);
      return;
    }
    if (revision < node.revision) {
      node.behindSince ??= now;
      if (now - node.behindSince < BEHIND_MS) return;
    } else {
      const wanted = run.ledger.settledDigestOf(node.number);
      const isSame = digest.count === wanted.count && digest.sum === wanted.sum;
      if (isSame && run.ledger.unconfirmedOf(node.number) > 0) {
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

  /** They are not sent again: both sides continue from this report, and from the users present now. */
  #tellMissed(node: NodeEntry, missed: number): void {
    this.#context.parts.notice({
      level: 'warn',
      text: `${plural(missed, 'report')} of ${node.name} reached the previous master and ${missed === 1 ? 'is' : 'are'} not in its journal: what ${missed === 1 ? 'it' : 'they'} counted is missing`,
    });
  }

  /** Ends a run that this master does not know: the previous master had it, and its journal is gone. */
  #discardUnknown(node: NodeEntry, { run, users }: Report): void {
    const isKnown = this.#context.run !== undefined || this.#context.state.is !== 'idle';
    if (run === undefined || isKnown || this.#context.parts.leases !== true) return;
    const there = users.starting + users.running + users.waiting + users.leaving + users.moving;
    this.#context.ask(node, 'discard', { run });
    if (there === 0) return;
    this.#context.parts.notice({
      level: 'warn',
      text: `${node.name} had ${there} users of the run ${run}, which is unknown here; they were stopped`,
    });
  }

  #announce(run: Run): void {
    if (this.#context.state.is !== 'running') return;
    const isOver = run.announceEmpty && run.owners.size === 0;
    if (!run.announceRunning && !isOver) return;
    const users = countUsers(run, this.#context.nodes.all());
    const { owners, ended } = run;
    if (
      run.announceRunning &&
      users.starting === 0 &&
      users.running + users.waiting >= owners.staying &&
      owners.staying > 0 &&
      run.mayAnnounce(this.#context.parts.clock.monotonic())
    ) {
      run.announced();
      this.#context.parts.notice({
        level: 'info',
        text: `${run.scenario} ${describeStart(owners.staying, ended)}`,
      });
    } else if (isOver) {
      run.announceRunning = false;
      run.announceEmpty = false;
      this.#context.parts.notice({
        level: 'info',
        text: `${run.scenario}: no users left (${ended.finished} finished, ${ended.removed} removed, ${ended.crashed} crashed); add(), or stop()`,
      });
    }
  }
}

/** The ends that a report names; no id is in two of them, as {@link implausibility} has checked. */
function endsOf({ ended }: Report): ReportedEnds {
  return {
    finished: IdSet.ofDisjoint(ended.finished),
    crashed: IdSet.ofDisjoint(ended.crashed),
    removed: IdSet.ofDisjoint(ended.removed),
    moved: IdSet.ofDisjoint(ended.moved),
  };
}

/** Says that all users have started, and how many are still present. */
function describeStart(there: number, { finished, crashed }: EndedCounts): string {
  if (finished + crashed > 0) {
    return `all users have started: ${there} present, ${finished} finished, ${crashed} crashed`;
  }
  return there === 1 ? 'the user is running' : `all ${there} users are running`;
}
