import type { Clock } from '../lib/time/clock.ts';
import type { JsonValue } from '../lib/text/bounded-json.ts';

/** A process that takes part in the run, as the master's half of a feature sees it. */
export interface FeatureNode {
  /** As in `slave1/2`. */
  readonly name: string;
  /** Distinguishes the process from every other one; a restarted master finds it again by this. */
  readonly identity: string;
  /** Whether the process can be told anything now. Its users may run while it is out of reach. */
  readonly isHere: boolean;
}

/** What the master's half of a feature works with. */
export interface MasterSide {
  readonly clock: Clock;
  /** The processes that may have users of the run, those that are out of reach included. */
  readonly nodes: () => readonly FeatureNode[];
  /** Sends a message to the other half in a process; it is dropped while the process is out of reach. */
  readonly send: (node: FeatureNode, body: JsonValue) => void;
  /**
   * Asks the other half in a process.
   *
   * @throws {AmocError} `TIMEOUT` after `timeoutMs`, `NODE_LOST`, or the code of the other half's error
   */
  readonly ask: (
    node: FeatureNode,
    body: JsonValue,
    timeoutMs: number,
  ) => Promise<JsonValue | undefined>;
  /** Writes the run to disk, with what `save` returns: before anything that a restarted master must know. */
  readonly commit: () => void;
  /**
   * How long users may still run on processes that a restarted master does not know of, in milliseconds; 0
   * in a run that was not resumed.
   */
  readonly heldMs: () => number;
}

/** The half of a feature that is in the master, for one run. */
export interface MasterHalf {
  /**
   * A process can be told something: it has joined the run, or is back. Messages that were on their way
   * between the halves when a connection was cut are lost, so both compare here what they know.
   */
  nodeReady(node: FeatureNode): void;
  /** No user of the run is in the process any more, and none will be. */
  nodeGone(node: FeatureNode): void;
  /** @throws {AmocError} `PROTOCOL` for an invalid message: it costs the connection */
  heard(node: FeatureNode, body: JsonValue): void;
  /** Answers a request; an error travels to the other half with its code. */
  asked?(
    node: FeatureNode,
    body: JsonValue,
  ): JsonValue | undefined | Promise<JsonValue | undefined>;
  /** What the journal keeps of the feature. */
  save(): JsonValue;
  /** Continues from what the previous master has saved. */
  restore(saved: JsonValue): void;
  /** The run is over: cancels what is scheduled. */
  close(): void;
}

/** A user that calls a function of a feature. */
export interface FeatureUser {
  readonly id: number;
  /**
   * Calls `end` when the current `start` of the user is over, however it ends, and when the user is removed.
   *
   * @returns takes that back
   * @throws {UserRemoved} when the user has been removed already
   */
  untilEnd(end: (why: Error) => void): () => void;
}

/** Functions that users have in addition to their own: each entry makes one for the user that calls it. */
export type UserFunctionTable = Readonly<Record<string, (user: FeatureUser) => unknown>>;

/** What the half of a feature in a slave process works with. */
export interface SlaveSide {
  readonly clock: Clock;
  /** Sends a message to the master's half; it is dropped while there is no connection. */
  readonly send: (body: JsonValue) => void;
  /**
   * Asks the master's half.
   *
   * @throws {AmocError} `TIMEOUT` after `timeoutMs`; `NODE_LOST` when the connection is gone; `NO_RUN` when the
   * master does not count on this process now, and calls `nodeReady` when it does; or the code of the other
   * half's error
   */
  readonly ask: (body: JsonValue, timeoutMs: number) => Promise<JsonValue | undefined>;
  /**
   * Whether the users of this process may act; when not, they have been dropped. Asked before the feature
   * lets users continue: after a pause of the process, its lease may be over.
   */
  readonly mayServe: () => boolean;
}

/** The half of a feature that is in a slave process, for one run. */
export interface SlaveHalf<Functions extends object> {
  /** @throws {AmocError} `PROTOCOL` for an invalid message: it costs the connection */
  heard(body: JsonValue): void;
  /** Answers a request; an error travels to the master with its code. */
  asked?(body: JsonValue): JsonValue | undefined | Promise<JsonValue | undefined>;
  /** The functions that scenarios find on a user. */
  api(user: FeatureUser): Functions;
}

/**
 * A run feature: users of all processes do something together. It has a half on each side, and the halves
 * talk in messages of their own.
 *
 * @typeParam Functions what the feature adds to each user
 */
export interface Feature<Functions extends object = object> {
  /** Letters and digits; it is in every message. */
  readonly name: string;
  /** The names of the functions that {@link SlaveHalf.api} returns. */
  readonly functions: readonly string[];
  master(side: MasterSide): MasterHalf;
  slave(side: SlaveSide): SlaveHalf<Functions>;
}
