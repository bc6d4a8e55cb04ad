/** The definition of a run, fixed when it begins. */
export interface RunDefinition {
  id: string;
  /** `amocLocal` or `amocDist`. */
  cluster: string;
  scenario: string;
  /** Hash over the scenario's files. */
  hash: string;
  comment?: string;
  from: number;
  to: number;
  seed: number;
  /** Secrets are `***`. */
  settings: Record<string, string | number | boolean>;
  thresholds: Record<string, string>;
  nodes: string[];
  /** Epoch milliseconds. */
  startedAt: number;
  versions: { amoc: string; node: string };
}
