/** The face of this room: other rooms import nothing else of it. */
export { complete } from './completion.ts';
export type { Completion, CompletionSources } from './completion.ts';
export { History } from './history.ts';
export { runLines } from './pipe-mode.ts';
export { Terminal } from './terminal.ts';
export type { Backend } from './terminal.ts';
