import { IdSet } from '../lib/ids/id-set.ts';

/** All users that a process should have. */
export interface DesiredUsers {
  staying: IdSet;
  leaving: IdSet;
  /** Users that continue elsewhere as soon as they have ended here. */
  moving: IdSet;
  /** Removals by force, the oldest first, whether those users are still here or not. */
  gone: readonly IdSet[];
}

/** What a process must do to have the users that it should have. */
export interface Repairs {
  /** Users that do not belong to the process: they end without a report. */
  drop: IdSet;
  /** Users to remove by force. */
  remove: IdSet;
  /** Users to remove gently. */
  leave: IdSet;
  /** Users to let continue elsewhere. */
  move: IdSet;
  /** Users that stay, even if they were about to move. */
  keep: IdSet;
  /** Users to start. */
  add: IdSet;
  /** Ends to report of users that are not here: the process has lost them without a report, or never had them. */
  tell: readonly { how: 'removed' | 'moved'; ids: IdSet }[];
}

/**
 * Compares the users that a process has with those that it should have. Users whose end the master does not
 * know yet are neither started nor reported again.
 *
 * @param present the users that the process has, whatever their state
 * @param told the ends that the master has not taken in, in the order of their reports; no set has an id twice
 */
export function reconcile(present: IdSet, desired: DesiredUsers, told: readonly IdSet[]): Repairs {
  const { staying, leaving, moving, gone } = desired;
  const known = told.reduce((all, ids) => all.union(ids), IdSet.empty);
  const tell: { how: 'removed' | 'moved'; ids: IdSet }[] = [];
  let unused = told;
  let strangers = present.difference(staying).difference(leaving).difference(moving);
  let remove = IdSet.empty;
  for (const batch of gone) {
    // Each end that is on its way to the master answers one removal.
    let left = batch;
    unused = unused.map((ids) => {
      const answered = ids.intersection(left);
      left = left.difference(answered);
      return ids.difference(answered);
    });
    const here = strangers.intersection(left);
    strangers = strangers.difference(here);
    remove = remove.union(here);
    tell.push({ how: 'removed', ids: left.difference(here) });
  }
  const missing = (ids: IdSet): IdSet => ids.difference(known).difference(present);
  tell.push({ how: 'removed', ids: missing(leaving) }, { how: 'moved', ids: missing(moving) });
  return {
    drop: strangers,
    remove,
    leave: leaving,
    move: moving,
    keep: staying,
    add: staying.difference(known).difference(present),
    tell: tell.filter(({ ids }) => ids.size > 0),
  };
}
