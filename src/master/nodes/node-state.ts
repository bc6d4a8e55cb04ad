import { assert } from '../../lib/assert.ts';
import type { StackFrame } from '../../protocol/messages.ts';

/**
 * The part that a process has in the run.
 *
 * - `connected`: none; no run's scenario is in it
 * - `preparing`: it loads the scenario, and its `init` has not returned
 * - `aside`: the same, and it takes no users when it is prepared: it was drained meanwhile
 * - `ready`: it takes users
 * - `draining`: it takes no more users, and those that it has are about to move
 * - `drained`: it takes no more users, and has none
 * - `leaving`: it has announced its end, and its users are about to move
 */
export type Role =
  'connected' | 'preparing' | 'aside' | 'ready' | 'draining' | 'drained' | 'leaving';

/**
 * Whether the master can talk to a process.
 *
 * - `here`: it is connected, and answers
 * - `blocked`: its event loop is blocked
 * - `away`: it is out of reach; its users may still run there
 * - `returning`: it is connected again; its users are about to be compared with those that it should have
 * - `gone`: it was given up, and does not come back under this entry
 */
export type Reach = 'here' | 'blocked' | 'away' | 'returning' | 'gone';

/** What changes the {@link Role} of a process. */
export type RoleInput =
  /** The master asks it to prepare for a run. */
  | 'prepare'
  /** Its `init` has returned. */
  | 'serve'
  /** An operator drains it. */
  | 'drain'
  /** Its last user is gone. */
  | 'emptied'
  /** An operator lets it take users again. */
  | 'undrain'
  /** It has announced its end, and other processes can take its users. */
  | 'leave'
  /** It could not be prepared. */
  | 'fail'
  /** The run is over. */
  | 'release';

/** What changes the {@link Reach} of a process. */
export type ReachInput =
  /** Its watchdog reports that its event loop is blocked. */
  | 'block'
  /** Its watchdog reports that the event loop turns again. */
  | 'unblock'
  /** Its connection is gone, or it is silent, and its lease lasts. */
  | 'cut'
  /** It is connected again. */
  | 'attach'
  /** It has reported its users over the new connection. */
  | 'compared'
  /** It has ended, or its lease has. */
  | 'lose';

type Table<State extends string, Input extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Input, State>>>>
>;

/** input × role → next role. What has no entry does not change the role. */
export const roles: Table<Role, RoleInput> = {
  connected: { prepare: 'preparing' },
  preparing: { serve: 'ready', drain: 'aside', fail: 'connected', release: 'connected' },
  aside: { serve: 'drained', undrain: 'preparing', fail: 'connected', release: 'connected' },
  ready: { drain: 'draining', leave: 'leaving', release: 'connected' },
  draining: { emptied: 'drained', undrain: 'ready', leave: 'leaving', release: 'connected' },
  drained: { undrain: 'ready', leave: 'leaving', release: 'connected' },
  leaving: { release: 'connected' },
};

/** input × reach → next reach. What has no entry does not change it. */
export const reaches: Table<Reach, ReachInput> = {
  here: { block: 'blocked', cut: 'away', attach: 'returning', lose: 'gone' },
  blocked: { unblock: 'here', cut: 'away', attach: 'returning', lose: 'gone' },
  away: { attach: 'returning', lose: 'gone' },
  returning: { cut: 'away', compared: 'here', lose: 'gone' },
  gone: {},
};

/** Where a process is blocked, and for how long it has been. */
export interface Blockage {
  readonly forMs: number;
  readonly frames: readonly StackFrame[];
}

/** The state of a process, as the master sees it. */
export interface NodeState {
  readonly role: Role;
  readonly reach: Reach;
  /** Since when it is `away` or `returning`, over all its connections; monotonic. */
  readonly awaySince?: number | undefined;
  readonly blockage?: Blockage | undefined;
}

/** An input, with what belongs to it. */
export type NodeInput =
  | { readonly type: RoleInput }
  | { readonly type: Exclude<ReachInput, 'cut' | 'attach' | 'block' | 'unblock'> }
  /** `at`: now, monotonic. */
  | { readonly type: 'attach'; readonly at: number }
  | { readonly type: 'cut'; readonly at: number; readonly reason: string }
  /** `afterMs`: how long it was blocked. */
  | { readonly type: 'unblock'; readonly afterMs: number }
  | ({ readonly type: 'block' } & Blockage);

/** A process that has just connected. */
export const connected: NodeState = { role: 'connected', reach: 'here' };

/** The state after an input; the same object when the input changes nothing. */
export function nextState(state: NodeState, input: NodeInput): NodeState {
  const { role, reach } = state;
  switch (input.type) {
    case 'cut':
    case 'attach':
      assert(isInRun(state), `${input.type} of a process that is ${role}`);
      return reaches[reach][input.type] === undefined
        ? state
        : {
            role,
            reach: reaches[reach][input.type] as Reach,
            awaySince: state.awaySince ?? input.at,
          };
    case 'block': {
      // A process that stays blocked reports it again and again.
      if (reach !== 'blocked' && reaches[reach].block === undefined) return state;
      const { forMs, frames } = input;
      return { role, reach: 'blocked', blockage: { forMs, frames } };
    }
    case 'unblock':
    case 'compared':
    case 'lose': {
      const next = reaches[reach][input.type];
      return next === undefined ? state : { role, reach: next };
    }
    default: {
      const next = roles[role][input.type];
      return next === undefined || reach === 'gone' ? state : { ...state, role: next };
    }
  }
}

/** Whether a process takes users and commands now. */
export function isReady({ role, reach }: NodeState): boolean {
  return role === 'ready' && (reach === 'here' || reach === 'blocked');
}

/** Whether users of the run may be in a process. */
export function isInRun({ role, reach }: NodeState): boolean {
  return reach !== 'gone' && role !== 'connected' && role !== 'preparing' && role !== 'aside';
}

/** Whether a process cannot be told anything now. */
export function isAway({ reach }: NodeState): boolean {
  return reach === 'away' || reach === 'returning';
}

/** Whether a process takes no users because an operator has drained it. */
export function isDrained({ role }: NodeState): boolean {
  return role === 'aside' || role === 'draining' || role === 'drained';
}
