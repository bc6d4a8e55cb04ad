import { processEnvironment } from '../lib/system/environment.ts';
import { parseEnv } from 'node:util';
import { readFileSync, statSync } from 'node:fs';
import { AmocError, messageOf, systemCode } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import { withoutByteOrderMark } from '../lib/text/utf8-text.ts';
import { EnvironmentReader } from './environment-reader.ts';
import type { VariableName, VariableSpec, VariableSpecs } from './environment-reader.ts';
import { environmentName } from './variable.ts';
import type { Variables } from './variable.ts';

/**
 * Environment variables that amoc's processes read, apart from the settings of a run and the variables of outputs
 * (`src/outputs`). A text alone is the description.
 */
export const processVariables = {
  AMOC_CONFIG: 'file with such variables, NAME=value; in a release, etc/amoc.env',
  AMOC_COOKIE: {
    description: 'shared secret of master and slaves, in place of ~/.amoc.cookie',
    secret: true,
  },
  AMOC_HEALTH_BIND: 'address of AMOC_HEALTH_PORT; 127.0.0.1',
  AMOC_HEALTH_PORT: 'port on which a node answers GET /health and GET /live',
  AMOC_HISTORY: 'file with the input history; repl-history/console.history',
  AMOC_HOME: 'folder of the nodes in the background: socket, log, journal; ~/.amoc',
  AMOC_LEAVE_TIMEOUT: 'how long a slave that ends waits for its users to continue elsewhere; 30s',
  AMOC_LOCAL_HEAP_MB: 'maximum heap of each local process',
  AMOC_LOCAL_PROCESSES: "number of amocLocal's processes; one for each core",
  AMOC_LOG_LEVEL: 'debug, info, warn, error or silent; info',
  AMOC_MASTER_BIND: 'address of AMOC_MASTER_PORT; 127.0.0.1',
  AMOC_MASTER_PLAIN:
    'allow: master and slaves on other machines may connect without TLS, in a network of your own',
  AMOC_MASTER_PORT: 'port on which slaves may join amocDist',
  AMOC_MASTER_URL: 'runs amoc as a slave of the master at this URL, as in wss://host:4370',
  AMOC_NODE_NAME: 'name of this node; amoc',
  AMOC_PROJECT:
    'folder with scenarios/ and amoc.json; default: the current one, when it has scenarios/',
  AMOC_RUNS: 'folder with the records of runs; runs/',
  AMOC_RUNS_KEEP: 'how many runs are kept; 100',
  AMOC_RUNS_MB: 'maximum size of the runs that are kept; 2048',
  AMOC_SLAVE_HEAP_MB: "maximum heap of each of a slave's processes",
  AMOC_SLAVE_LABELS: "a slave's labels, as in zone=a,weight=2",
  AMOC_SLAVE_PROCESSES: "number of a slave's processes; 1",
  AMOC_TLS_CA: 'CA (PEM) of the other side of the control connection',
  AMOC_TLS_CERT: 'certificate (PEM) of this side',
  AMOC_TLS_KEY: 'key (PEM) of this side',
} as const satisfies Record<VariableName, string | VariableSpec>;

/** A variable of {@link processVariables}. */
export type ProcessVariable = keyof typeof processVariables;

/** Variables of Node.js and other software that a file of variables may set. */
const borrowed = ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NO_COLOR', 'FORCE_COLOR', 'TZ'];

/** The specifications of {@link processVariables}. */
export const processVariableSpecs = Object.fromEntries(
  Object.entries(processVariables).map(([name, spec]) => [
    name,
    typeof spec === 'string' ? { description: spec } : spec,
  ]),
) as Readonly<Record<ProcessVariable, VariableSpec>>;

const own = new EnvironmentReader(processVariableSpecs);

/** The value of a variable; an empty value counts as unset. */
export function env(name: ProcessVariable): string | undefined {
  return own.text(name);
}

/**
 * Whether master and slaves on other machines may connect without TLS: `AMOC_MASTER_PLAIN=allow`.
 *
 * @throws {AmocError} `CONFIG` for any other value
 */
export function allowsPlain(): boolean {
  const given = env('AMOC_MASTER_PLAIN');
  if (given === undefined || given === 'allow') return given !== undefined;
  throw new AmocError(
    'CONFIG',
    `invalid AMOC_MASTER_PLAIN: ${JSON.stringify(given)}; set it to allow, or leave it out`,
  );
}

/**
 * A variable that is a whole number.
 *
 * @throws {AmocError} `CONFIG`
 */
export function wholeNumber(
  name: ProcessVariable,
  least: number,
  most = Infinity,
): number | undefined {
  return own.wholeNumber(name, least, most);
}

/** A variable that is a port; 0 for any free one. @throws {AmocError} `CONFIG` */
export function portNumber(name: ProcessVariable): number | undefined {
  return own.port(name);
}

/** A variable that is a time, in milliseconds. @throws {AmocError} `CONFIG` */
export function duration(name: ProcessVariable, otherwise: string): number {
  return own.duration(name, otherwise);
}

/**
 * Reads a file of variables into the environment; variables that are set there already keep their values.
 *
 * @param settings all settings except a scenario's own
 * @param options `variables`: those that the file may set, in addition to settings
 * @throws {AmocError} `CONFIG` for unknown names, with the nearest known name; `FILE` for a file that cannot
 * be read, or that others can read and that has secrets
 */
export function loadEnvironmentFile(
  path: string,
  settings: Variables,
  {
    isOptional = false,
    variables = processVariableSpecs,
  }: { isOptional?: boolean; variables?: VariableSpecs } = {},
): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isOptional && systemCode(error) === 'ENOENT') return;
    throw new AmocError('FILE', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const values = parseEnv(withoutByteOrderMark(text)) as Record<string, string>;
  const known = [...Object.keys(variables), ...Object.keys(settings).map(environmentName)];
  const unknown = Object.keys(values).filter(
    (name) => !known.includes(name) && !borrowed.includes(name),
  );
  if (unknown.length > 0) {
    const words = unknown.map(
      (name) =>
        `${name} in ${path} is not a variable of amoc${didYouMean(name, known)}; variables of a scenario go into amoc.json`,
    );
    throw new AmocError('CONFIG', words.join('\n'));
  }
  const secrets = [...secretsOf(variables), ...secretsOf(settings).map(environmentName)];
  const kept = secrets.filter((name) => (values[name] ?? '') !== '');
  if (kept.length > 0 && (statSync(path).mode & 0o077) !== 0) {
    throw new AmocError(
      'FILE',
      `${path} has ${kept.join(' and ')}, and can be read by others; run: chmod 600 ${path}`,
    );
  }
  for (const [name, value] of Object.entries(values)) processEnvironment()[name] ??= value;
}

/** Names of variables whose values no one else may read. */
export function secretsOf(variables: Readonly<Record<string, { secret?: boolean }>>): string[] {
  return Object.keys(variables).filter((name) => variables[name]?.secret === true);
}
