/** The face of this room: other rooms import nothing else of it. */
export { callingShell } from './calling-shell.ts';
export { Evaluator } from './evaluator.ts';
export type { Erase } from './evaluator.ts';
export { notTorn } from './not-torn.ts';
export { Shell } from './shell.ts';
export type { EvalResult, Operator } from './shell.ts';
export { Strays } from './strays.ts';
export { shellCommands } from '../shell-commands.ts';
export { typedCluster } from '../typed-cluster.ts';
