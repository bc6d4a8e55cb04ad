import type { RunState } from '../../control/views.ts';
import { AmocError } from '../../lib/errors.ts';

export type { RunState };

/** Name of a state. */
export type RunStateName = RunState['is'];

/** Which state may follow which. */
export const successors: Readonly<Record<RunStateName, readonly RunStateName[]>> = {
  idle: ['starting'],
  // Back to idle when the start fails: a mistake in the settings, an init that throws.
  starting: ['running', 'idle', 'failed'],
  running: ['stopping', 'failed'],
  stopping: ['idle', 'failed'],
  // A failed run is over: the next do() needs no stop().
  failed: ['starting', 'stopping', 'idle'],
};

/**
 * For a command that needs a running scenario.
 *
 * @throws {AmocError} `NO_RUN` that names the state and says what to do.
 */
export function demandRunning(state: RunState, command: string): void {
  if (state.is === 'running') return;
  throw new AmocError('NO_RUN', `${command}: ${explain(state)}`);
}

/**
 * For `do`.
 *
 * @throws {AmocError} `BUSY` that names the state and says what to do.
 */
export function demandStartable(state: RunState): void {
  if (state.is === 'idle' || state.is === 'failed') return;
  throw new AmocError('BUSY', `do: ${explain(state)}`);
}

function explain(state: RunState): string {
  switch (state.is) {
    case 'idle':
      return "no scenario is running; start one with do('my_scenario', 1, 10)";
    case 'starting':
      return `${state.scenario} is starting; wait until it runs`;
    case 'running':
      return `${state.scenario} is running; add(), remove(), or stop() it first`;
    case 'stopping':
      return `${state.scenario} is stopping; wait until status() says idle`;
    case 'failed':
      return `${state.scenario} has failed (${state.reason}); start again with do()`;
  }
}
