import { atLeast, oneOf } from './checks.ts';
import type { SettingsOf, Variables } from './variable.ts';

/** Settings of every run, whatever its scenario: how users arrive, repeat and leave. */
export const runVariables = {
  interarrival: {
    description: 'time between two user starts on one machine, however many processes it has',
    default: 50,
    unit: 'duration',
    update: true,
  },
  repeatInterval: {
    description: "pause between the end of a user's start() and its repetition",
    default: 60_000,
    unit: 'duration',
    update: true,
  },
  repeatCount: {
    description: 'how many times start() runs per user; 0 = forever',
    default: 0,
    check: (value: number) => (Number.isInteger(value) && value >= 0) || 'a whole number ≥ 0',
    update: true,
  },
  initTimeout: {
    description: 'time limit of each of setup, init, terminate and teardown',
    default: 30_000,
    unit: 'duration',
    check: atLeast(1),
  },
  stopTimeout: {
    description:
      'how long a gentle stop or a move waits for start() to end before it is ended by force',
    default: 10_000,
    unit: 'duration',
    update: true,
  },
  blockedLimit: {
    description: 'how long an event loop may be blocked before its process is killed',
    default: 60_000,
    unit: 'duration',
    check: atLeast(1000),
    update: true,
  },
  recovery: {
    description: "deadline for restarting a lost process's users elsewhere",
    default: 5_000,
    unit: 'duration',
    update: true,
  },
  onNodeLoss: {
    description:
      'replace: users of a lost process run on others when its lease has ended; leave: they stay with it',
    default: 'replace',
    check: oneOf('replace', 'leave'),
  },
  orphanTimeout: {
    description: 'how long a process whose master is gone keeps its users',
    default: 600_000,
    unit: 'duration',
    check: atLeast(1),
    update: true,
  },
  abortOnFail: {
    description: 'stop the run when a threshold is missed, once abortDelay has passed',
    default: false,
    update: true,
  },
  abortDelay: {
    description: 'grace period before a missed threshold aborts the run (early samples are few)',
    default: 10_000,
    unit: 'duration',
    update: true,
  },
  checkLimits: {
    description: 'refuse a run that needs more open files or local ports than the system allows',
    default: true,
  },
} as const satisfies Variables;

/** Values of {@link runVariables}; times in milliseconds. */
export type RunSettings = SettingsOf<typeof runVariables>;
