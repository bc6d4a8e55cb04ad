/** Everything that observers of runs see; each subject has a file of its own. */
export type { RunDefinition } from './definition.ts';
export { eventKinds, isCommand, isMark, toneOf } from './event.ts';
export type { EventKind, EventTone, RunEvent } from './event.ts';
export type { ReportingNode, RunObserver } from './observer.ts';
export type { RunRecord, RunResult } from './result.ts';
export { userEntries } from './second.ts';
export type { NodeSecond, RecordedSecond, SecondRow, UserTotals } from './second.ts';
