import { processVariableSpecs, secretsOf } from '../config/environment.ts';
import type { VariableSpecs } from '../config/environment-reader.ts';
import { outputs } from '../outputs/index.ts';

/** Every environment variable that amoc's processes read, apart from the settings of a run; in order of name. */
export const environmentVariables: VariableSpecs = Object.fromEntries(
  [processVariableSpecs, ...outputs.map(({ variables }) => variables)]
    .flatMap((variables) => Object.entries(variables))
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);

/** Variables of the master alone, which are not sent to slaves. */
export const masterSecrets: readonly string[] = secretsOf(environmentVariables);
