/** The face of this room: other rooms import nothing else of it. */
export type { MasterParts } from './context.ts';
export { Master } from './master.ts';
export { openControlServer } from './nodes/control-server.ts';
export { FileJournal } from './run/journal.ts';
