import { parseEnv } from 'node:util';
import { readFileSync, statSync } from 'node:fs';
import { toMs } from '../lib/time/duration.ts';
import { AmocError, messageOf, systemCode } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import { withoutByteOrderMark } from '../lib/text/utf8-text.ts';
import { environmentName } from './variable.ts';
import type { Variables } from './variable.ts';

/** Environment variables that amoc's processes read, apart from the settings of a run. */
export const processVariables = {
  AMOC_CONFIG: 'file with such variables, NAME=value; in a release, etc/amoc.env',
  AMOC_COOKIE: 'shared secret of master and slaves, in place of ~/.amoc.cookie',
  AMOC_GRAFANA_TOKEN: 'a service account token, for annotations',
  AMOC_GRAFANA_URL: 'URL of Grafana, for annotations',
  AMOC_GRAPHITE: 'HOST or HOST:PORT of carbon',
  AMOC_GRAPHITE_BUFFER: 'maximum number of values that wait while carbon is unreachable; 100000',
  AMOC_GRAPHITE_EVENTS: "URL of graphite-web's events",
  AMOC_GRAPHITE_INTERVAL: 'how often values are sent; 10s',
  AMOC_GRAPHITE_PREFIX: 'prefix of every metric path; default: the host name',
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
  AMOC_OTLP_INTERVAL: 'how often metrics are pushed; 10s',
  AMOC_OTLP_URL: 'URL at which an OpenTelemetry collector takes metrics over HTTP',
  AMOC_PROJECT:
    'folder with scenarios/ and amoc.json; default: the current one, when it has scenarios/',
  AMOC_PROMETHEUS_BIND: 'address of AMOC_PROMETHEUS_PORT; 127.0.0.1',
  AMOC_PROMETHEUS_PORT: 'port on which Prometheus can read /metrics',
  AMOC_RUNS: 'folder with the records of runs; runs/',
  AMOC_RUNS_KEEP: 'how many runs are kept; 100',
  AMOC_RUNS_MB: 'maximum size of the runs that are kept; 2048',
  AMOC_SLAVE_HEAP_MB: "maximum heap of each of a slave's processes",
  AMOC_SLAVE_LABELS: "a slave's labels, as in zone=a,weight=2",
  AMOC_SLAVE_PROCESSES: "number of a slave's processes; 1",
  AMOC_TLS_CA: 'CA (PEM) of the other side of the control connection',
  AMOC_TLS_CERT: 'certificate (PEM) of this side',
  AMOC_TLS_KEY: 'key (PEM) of this side',
} as const;

/** A variable of {@link processVariables}. */
export type ProcessVariable = keyof typeof processVariables;

/** Variables of Node.js and other software that a file of variables may set. */
const borrowed = ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NO_COLOR', 'FORCE_COLOR', 'TZ'];

/** Variables whose values no one else may read; a setting says so itself. */
const secrets: readonly string[] = ['AMOC_COOKIE', 'AMOC_GRAFANA_TOKEN'];

/** The value of a variable; an empty value counts as unset. */
export function variable(name: ProcessVariable): string | undefined {
  const given = process.env[name];
  return given === undefined || given === '' ? undefined : given;
}

/**
 * Whether master and slaves on other machines may connect without TLS: `AMOC_MASTER_PLAIN=allow`.
 *
 * @throws {AmocError} `CONFIG` for any other value
 */
export function allowsPlain(): boolean {
  const given = variable('AMOC_MASTER_PLAIN');
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
  const given = variable(name);
  if (given === undefined) return undefined;
  const value = Number(given);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Infinity ? `≥ ${least}` : `from ${least} to ${most}`;
  throw new AmocError('CONFIG', `${name}: ${JSON.stringify(given)} is not a whole number ${range}`);
}

/** A variable that is a port; 0 for any free one. @throws {AmocError} `CONFIG` */
export function portNumber(name: ProcessVariable): number | undefined {
  const given = variable(name);
  if (given === undefined) return undefined;
  const value = Number(given);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new AmocError('CONFIG', `${name}: ${JSON.stringify(given)} is not a port`);
}

/** A variable that is a time, in milliseconds. @throws {AmocError} `CONFIG` */
export function duration(name: ProcessVariable, otherwise: string): number {
  const given = variable(name) ?? otherwise;
  try {
    return toMs(given);
  } catch {
    throw new AmocError('CONFIG', `${name}: '${given}' is not a time, as in ${otherwise}`);
  }
}

/**
 * Reads a file of variables into the environment; variables that are set there already keep their values.
 *
 * @param settings all settings except a scenario's own
 * @throws {AmocError} `CONFIG` for unknown names, with the nearest known name; `FILE` for a file that cannot
 * be read, or that others can read and that has secrets
 */
export function loadEnvironmentFile(
  path: string,
  settings: Variables,
  { isOptional = false } = {},
): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isOptional && systemCode(error) === 'ENOENT') return;
    throw new AmocError('FILE', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const values = parseEnv(withoutByteOrderMark(text)) as Record<string, string>;
  const known = [...Object.keys(processVariables), ...Object.keys(settings).map(environmentName)];
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
  const ofSettings = Object.entries(settings)
    .filter(([, { secret }]) => secret === true)
    .map(([name]) => environmentName(name));
  const kept = [...secrets, ...ofSettings].filter((name) => (values[name] ?? '') !== '');
  if (kept.length > 0 && (statSync(path).mode & 0o077) !== 0) {
    throw new AmocError(
      'FILE',
      `${path} has ${kept.join(' and ')}, and can be read by others; run: chmod 600 ${path}`,
    );
  }
  for (const [name, value] of Object.entries(values)) process.env[name] ??= value;
}
