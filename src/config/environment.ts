import { parseEnv } from 'node:util';
import { readFileSync, statSync } from 'node:fs';
import { toMs } from '../lib/duration.ts';
import { AmocError, messageOf, systemCode } from '../lib/errors.ts';
import { didYouMean } from '../lib/nearest.ts';
import { withoutByteOrderMark } from '../lib/utf8-text.ts';
import { builtInVariables } from './run-variables.ts';
import { environmentName } from './variable.ts';

/** What the processes of amoc read from the environment, apart from the settings of a run. */
export const processVariables = {
  AMOC_CONFIG: 'a file of such variables, NAME=value; etc/amoc.env of a release',
  AMOC_COOKIE: 'the secret of master and slaves, in place of ~/.amoc.cookie',
  AMOC_GRAFANA_TOKEN: 'a service account token, for annotations',
  AMOC_GRAFANA_URL: 'where Grafana is, for annotations',
  AMOC_GRAPHITE: 'HOST or HOST:PORT of carbon',
  AMOC_GRAPHITE_BUFFER: 'values that wait while carbon is away; 100000',
  AMOC_GRAPHITE_EVENTS: "the URL of graphite-web's events",
  AMOC_GRAPHITE_INTERVAL: 'how often values are sent; 10s',
  AMOC_GRAPHITE_PREFIX: "before every name; the machine's own",
  AMOC_HEALTH_BIND: 'the address of AMOC_HEALTH_PORT; 127.0.0.1',
  AMOC_HEALTH_PORT: 'where a node answers GET /health and GET /live',
  AMOC_HISTORY: 'the file of typed lines; repl-history/console.history',
  AMOC_HOME: 'what nodes in the background keep: socket, log, journal; ~/.amoc',
  AMOC_LEAVE_TIMEOUT: 'how long a slave that ends waits for its users to go on elsewhere; 30s',
  AMOC_LOCAL_HEAP_MB: 'the heap of each local process',
  AMOC_LOCAL_PROCESSES: "amocLocal's processes; one for each core",
  AMOC_LOG_LEVEL: 'debug, info, warn, error or silent; info',
  AMOC_MASTER_BIND: 'the address of AMOC_MASTER_PORT; 127.0.0.1',
  AMOC_MASTER_PLAIN:
    'allow: master and slaves of other machines may speak without TLS, in a network of your own',
  AMOC_MASTER_PORT: 'where slaves of amocDist may join',
  AMOC_MASTER_URL: 'makes a slave of the master there, as in wss://host:4370',
  AMOC_NODE_NAME: 'the name of this node; amoc',
  AMOC_OTLP_INTERVAL: 'how often metrics are pushed; 10s',
  AMOC_OTLP_URL: 'where an OpenTelemetry collector takes metrics over HTTP',
  AMOC_PROJECT: 'the folder of scenarios/ and amoc.json; the current one, when it has scenarios/',
  AMOC_PROMETHEUS_BIND: 'the address of AMOC_PROMETHEUS_PORT; 127.0.0.1',
  AMOC_PROMETHEUS_PORT: 'where Prometheus can read /metrics',
  AMOC_RUNS: 'the folder of the runs; runs/',
  AMOC_RUNS_KEEP: 'how many runs are kept; 100',
  AMOC_RUNS_MB: 'how much of them is kept; 2048',
  AMOC_SLAVE_HEAP_MB: "the heap of each of a slave's processes",
  AMOC_SLAVE_LABELS: "a slave's labels, as in zone=a,weight=2",
  AMOC_SLAVE_PROCESSES: "a slave's processes; 1",
  AMOC_TLS_CA: 'CA (PEM) of the other side of the control connection',
  AMOC_TLS_CERT: 'certificate (PEM) of this side',
  AMOC_TLS_KEY: 'its key (PEM)',
} as const;

/** A variable of {@link processVariables}. */
export type ProcessVariable = keyof typeof processVariables;

/** Besides ours, what a file of variables may set. */
const borrowed = ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NO_COLOR', 'FORCE_COLOR', 'TZ'];

/** Values that nobody else may read. */
const secrets = ['AMOC_COOKIE', 'AMOC_GRAFANA_TOKEN', environmentName('xmppPassword')];

/** The value of a variable; an empty one counts as none. */
export function variable(name: ProcessVariable): string | undefined {
  const given = process.env[name];
  return given === undefined || given === '' ? undefined : given;
}

/**
 * Whether master and slaves of other machines may speak without TLS: `AMOC_MASTER_PLAIN=allow`.
 *
 * @throws {AmocError} `CONFIG` for any other value
 */
export function allowsPlain(): boolean {
  const given = variable('AMOC_MASTER_PLAIN');
  if (given === undefined || given === 'allow') return given !== undefined;
  throw new AmocError(
    'CONFIG',
    `AMOC_MASTER_PLAIN: ${JSON.stringify(given)} is no value of it; write allow, or leave it out`,
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
 * Reads a file of variables into the environment; what is set there already stays as it is.
 *
 * @throws {AmocError} `CONFIG` for names that nobody reads, with the nearest that somebody does; `FILE` for
 * a file that cannot be read, or that others can read and that has secrets
 */
export function loadEnvironmentFile(path: string, { isOptional = false } = {}): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isOptional && systemCode(error) === 'ENOENT') return;
    throw new AmocError('FILE', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const values = parseEnv(withoutByteOrderMark(text)) as Record<string, string>;
  const known = [
    ...Object.keys(processVariables),
    ...Object.keys(builtInVariables).map(environmentName),
  ];
  const unknown = Object.keys(values).filter(
    (name) => !known.includes(name) && !borrowed.includes(name),
  );
  if (unknown.length > 0) {
    const words = unknown.map(
      (name) =>
        `${name} in ${path} is no variable of amoc${didYouMean(name, known)}; variables of a scenario go into amoc.json`,
    );
    throw new AmocError('CONFIG', words.join('\n'));
  }
  const kept = secrets.filter((name) => (values[name] ?? '') !== '');
  if (kept.length > 0 && (statSync(path).mode & 0o077) !== 0) {
    throw new AmocError(
      'FILE',
      `${path} has ${kept.join(' and ')}, and can be read by others; run: chmod 600 ${path}`,
    );
  }
  for (const [name, value] of Object.entries(values)) process.env[name] ??= value;
}
