import { EnvironmentReader } from '../config/environment-reader.ts';
import type { VariableName, VariableSpec, VariableSpecs } from '../config/environment-reader.ts';
import type { Clock } from '../lib/time/clock.ts';
import type { RunObserver } from '../record/observer.ts';

/** Reports something about an output to the operator. */
export type Tell = (level: 'info' | 'warn' | 'error', text: string) => void;

/** What an output gets from the process that it is in. */
export interface OutputHost {
  tell: Tell;
  clock: Clock;
  /** The version of amoc. */
  version: string;
}

/** An output that is configured; it is disposed of after the clusters. */
export interface Output extends AsyncDisposable {
  /** What follows the runs of one cluster: `amocLocal` or `amocDist`. */
  observer(cluster: string): RunObserver;
  /** Opens a port, where the output has one. A port that cannot be opened is reported, and has no other effect. */
  listen?(): Promise<void>;
}

/** A place where figures or events of runs can go. */
export interface OutputSpec {
  readonly name: string;
  /** The environment variables that it reads; the first one switches it on. */
  readonly variables: VariableSpecs;
  /**
   * Makes the output; nothing is sent before a run begins.
   *
   * @returns `undefined` when the environment does not ask for it
   * @throws {AmocError} `CONFIG` when a variable is wrong
   */
  create(host: OutputHost): Promise<Output | undefined>;
}

/**
 * Declares an output: the variables are all that its `create` can read. Every command loads the file of an output,
 * so what takes long to load is imported in `create`.
 */
export function defineOutput<Name extends VariableName>(spec: {
  name: string;
  variables: Readonly<Record<Name, VariableSpec>>;
  create(env: EnvironmentReader<Name>, host: OutputHost): Promise<Output | undefined>;
}): OutputSpec {
  const { name, variables } = spec;
  const env = new EnvironmentReader(variables);
  return { name, variables, create: (host) => spec.create(env, host) };
}
