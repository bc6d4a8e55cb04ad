import type { IdSet } from '../lib/id-set.ts';
import type { NodeInfo, NodeLoad, StackFrame, UserCounts } from '../protocol/messages.ts';
import type { MasterPeer } from '../protocol/peer.ts';

/** What is known of a slave process. */
export type NodeStatus =
  /** Connected; no run's scenario is in it. */
  | { readonly is: 'connected' }
  /** Ready for users of the run. */
  | { readonly is: 'ready' }
  /** Its event loop stands still, since `forMs` before `at`. */
  | { readonly is: 'blocked'; readonly forMs: number; readonly frames: readonly StackFrame[] };

/** One joined slave process, as the master sees it. */
export class NodeEntry {
  readonly name: string;
  /** The machine's part of the name: `local` of `local/1`. */
  readonly machine: string;
  readonly info: NodeInfo;
  readonly peer: MasterPeer;
  /** Its number in the owner table; not used again in the cluster's life. */
  readonly number: number;
  watchdog: MasterPeer | undefined;
  status: NodeStatus = { is: 'connected' };
  /** What `status` goes back to when the loop turns again. */
  wasReady = false;
  users: UserCounts | undefined;
  load: NodeLoad | undefined;
  /** Assignments that its reports do not cover yet, the oldest first. */
  #unconfirmed: { revision: number; ids: IdSet }[] = [];
  #revision = 0;
  /** Told when the process stops answering, for whoever waits for it. */
  onBlocked: () => void = () => {};

  constructor(info: NodeInfo, peer: MasterPeer, number: number) {
    this.name = info.name;
    this.machine = machineOf(info.name);
    this.info = info;
    this.peer = peer;
    this.number = number;
  }

  get isReady(): boolean {
    return this.status.is === 'ready' || (this.status.is === 'blocked' && this.wasReady);
  }

  /** Notes an assignment. @returns its revision */
  assigned(ids: IdSet): number {
    this.#unconfirmed.push({ revision: ++this.#revision, ids });
    return this.#revision;
  }

  /** Those of `ids`, gone as of `revision`, that were not given to it anew since. */
  confirmGone(ids: IdSet, revision: number): IdSet {
    this.#unconfirmed = this.#unconfirmed.filter((each) => each.revision > revision);
    return this.#unconfirmed.reduce((gone, each) => gone.difference(each.ids), ids);
  }
}

/** `slave1` of `slave1/2`. */
export function machineOf(name: string): string {
  const slash = name.lastIndexOf('/');
  return slash < 0 ? name : name.slice(0, slash);
}
