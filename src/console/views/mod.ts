/** The face of this room: other rooms import nothing else of it. */
export { document, help } from './help.ts';
export { lineLogger } from './line-logger.ts';
export { LogView, renderLog } from './log-view.ts';
export type { LogLine } from './log-view.ts';
export { renderMetrics } from './metrics-view.ts';
export { renderStatus, table } from './render.ts';
export { shown } from './shown.ts';
export { renderProgress, renderSummary } from './summary.ts';
export type { LendScreen } from './watch.ts';
