/** How an event is shown: `error` in red, `warn` in yellow. */
export type EventTone = 'command' | 'plain' | 'warn' | 'error';

/** One kind of event. */
interface EventKindSpec {
  readonly tone: EventTone;
  /** Whether charts have a line at its moment: those of the report, of Grafana and of Graphite alike. */
  readonly isMark: boolean;
}

/** A command of an operator; other events follow from commands, or happen by themselves. */
const command = { tone: 'command', isMark: true } as const;

/** Every kind of event. Records of runs have these names, so a name that exists never changes. */
export const eventKinds = {
  start: command,
  add: command,
  remove: command,
  stop: command,
  update: command,
  pause: command,
  resume: command,
  drain: command,
  undrain: command,
  /** A process joined during the run. */
  node_joined: { tone: 'plain', isMark: true },
  /** A process is about to end, and its users continue elsewhere. */
  node_leaving: { tone: 'plain', isMark: true },
  /** A process that was leaving has ended, without users. */
  node_left: { tone: 'plain', isMark: true },
  /** A process that an operator drained has no users left. */
  node_drained: { tone: 'plain', isMark: true },
  /** A process is out of reach; its users may still run there. */
  node_away: { tone: 'warn', isMark: true },
  /** A process that was out of reach has reported again, with its users. */
  node_back: { tone: 'plain', isMark: true },
  /** The event loop of a process is blocked. */
  node_blocked: { tone: 'warn', isMark: true },
  node_unblocked: { tone: 'plain', isMark: true },
  /** A process is gone, with users of the run. */
  node_lost: { tone: 'error', isMark: true },
  /** The figures of a process reflect itself, not the server. */
  saturated: { tone: 'warn', isMark: true },
  /** A threshold was missed, or is met again. */
  threshold: { tone: 'warn', isMark: true },
  notice: { tone: 'plain', isMark: false },
  warning: { tone: 'warn', isMark: false },
  error: { tone: 'error', isMark: false },
} as const satisfies Record<string, EventKindSpec>;

/** See {@link eventKinds}. */
export type EventKind = keyof typeof eventKinds;

/** Something that happened in a run. */
export interface RunEvent {
  /** Epoch milliseconds. */
  at: number;
  kind: EventKind;
  text: string;
  /** The operator who gave the command, where there may be several: `anna@pts/3`. */
  by?: string;
  data?: Record<string, unknown>;
}

/** Whether events of this kind are commands of an operator. */
export function isCommand(kind: EventKind): boolean {
  return eventKinds[kind].tone === 'command';
}

/**
 * Whether an event is a line in charts. A record of a newer amoc may have kinds that are unknown here; they
 * are no lines.
 */
export function isMark({ kind }: Pick<RunEvent, 'kind'>): boolean {
  return Object.hasOwn(eventKinds, kind) && eventKinds[kind].isMark;
}

/** How an event is shown; one of an unknown kind is shown plainly. */
export function toneOf(kind: EventKind): EventTone {
  return Object.hasOwn(eventKinds, kind) ? eventKinds[kind].tone : 'plain';
}
