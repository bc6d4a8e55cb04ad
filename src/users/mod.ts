/** The face of this room: other rooms import nothing else of it. */
export type { TraceWish, Traced } from './awaited-traces.ts';
export type { ErrorCount } from './error-summary.ts';
export { tracer } from './trace.ts';
export { UserPool } from './user-pool.ts';
export type { User, UserEnvironment } from './user.ts';
