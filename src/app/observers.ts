import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { portNumber, variable, wholeNumber } from '../config/environment.ts';
import type { ProcessVariable } from '../config/environment.ts';
import { systemClock } from '../lib/time/clock.ts';
import { toMs } from '../lib/time/duration.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { Annotations } from '../outputs/annotations.ts';
import { Carbon } from '../outputs/carbon.ts';
import { grafanaAnnotations } from '../outputs/grafana.ts';
import { graphiteEvents } from '../outputs/graphite-events.ts';
import { GraphiteOutput } from '../outputs/graphite.ts';
import type { GraphiteParts } from '../outputs/graphite.ts';
import { pathPart, pathPrefix } from '../outputs/graphite-names.ts';
import { defaultLimits } from '../record/run-pruning.ts';
import type { RunLimits } from '../record/run-pruning.ts';
import { RunRecorder } from '../record/run-recorder.ts';
import type { RunObserver } from '../record/types.ts';
import type { Notice } from '../control/notice.ts';
import type { PrometheusSource } from '../outputs/prometheus.ts';
import { projectFolder, VERSION } from './installation.ts';

/** Where runs are kept: `AMOC_RUNS`, or `runs/` of the project. */
export function runsFolder(): string {
  const given = variable('AMOC_RUNS');
  return given === undefined ? join(projectFolder(), 'runs') : resolve(given);
}

/** The observers of runs, and their connections; to be disposed of after the clusters. */
export interface Observers extends AsyncDisposable {
  /** Those of one cluster: `amocLocal`, `amocDist`. */
  of(cluster: string): RunObserver[];
  /** Opens listeners. A port that cannot be opened is reported, and has no other effect. */
  listen(): Promise<void>;
}

/**
 * Makes the observers of runs: always the record on disk, and Graphite, its events, Grafana, Prometheus and OTLP
 * when the environment names them.
 *
 * @throws {AmocError} `CONFIG` when a variable is wrong
 */
export async function makeObservers(
  clusters: readonly string[],
  notice: (notice: Notice) => void,
): Promise<Observers> {
  const tell = (level: 'info' | 'warn', text: string): void => notice({ level, text });
  const limits = runLimits();
  const byCluster = new Map<string, RunObserver[]>(
    clusters.map((name) => [name, [new RunRecorder(runsFolder(), limits)]]),
  );
  const add = (name: string, ...more: RunObserver[]): void => {
    byCluster.get(name)?.push(...more);
  };
  const closing: AsyncDisposable[] = [];
  const carbon = graphite(tell);
  if (carbon !== undefined) closing.push(carbon.carbon);
  const marks = annotations(tell);
  closing.push(...marks);
  const promPort = portNumber('AMOC_PROMETHEUS_PORT');
  const sources: PrometheusSource[] = [];
  const otlp = urlOf('AMOC_OTLP_URL');
  for (const name of clusters) {
    if (carbon !== undefined) add(name, new GraphiteOutput(carbon));
    add(name, ...marks);
    if (promPort !== undefined) {
      const { PrometheusSource } = await import('../outputs/prometheus.ts');
      const source = new PrometheusSource(name);
      sources.push(source);
      add(name, source);
    }
    if (otlp !== undefined) {
      const { OtlpOutput } = await import('../outputs/otlp.ts');
      const output = new OtlpOutput(otlp, name, interval('AMOC_OTLP_INTERVAL'), VERSION);
      closing.push(output);
      add(name, output);
    }
  }
  return {
    of: (name) => byCluster.get(name) ?? [],
    listen: async () => {
      if (promPort === undefined) return;
      const { servePrometheus } = await import('../outputs/prometheus-server.ts');
      const host = variable('AMOC_PROMETHEUS_BIND') ?? '127.0.0.1';
      try {
        const server = await servePrometheus(host, promPort, sources, (text) => tell('warn', text));
        closing.push(server);
        tell('info', `Prometheus can read http://${host}:${server.port}/metrics`);
      } catch (error) {
        notice({ level: 'error', text: `Prometheus cannot read /metrics: ${messageOf(error)}` });
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(closing.map((each) => each[Symbol.asyncDispose]()));
    },
  };
}

type Tell = (level: 'info' | 'warn', text: string) => void;

function graphite(tell: Tell): GraphiteParts | undefined {
  const address = variable('AMOC_GRAPHITE');
  if (address === undefined) return undefined;
  const [, host, port] = /^([^\s:/]+|\[[^\]]+\])(?::(\d{1,5}))?$/.exec(address) ?? [];
  if (host === undefined || Number(port ?? 2003) > 65_535) {
    throw new AmocError('CONFIG', `AMOC_GRAPHITE: '${address}' is not HOST or HOST:PORT`);
  }
  const carbon = new Carbon({
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port ?? 2003),
    clock: systemClock,
    most: wholeNumber('AMOC_GRAPHITE_BUFFER', 1) ?? 100_000,
    notice: tell,
  });
  const prefix = variable('AMOC_GRAPHITE_PREFIX') ?? pathPart(hostname());
  return {
    carbon,
    prefix: pathPrefix(prefix),
    intervalS: Math.max(1, Math.round(interval('AMOC_GRAPHITE_INTERVAL') / 1000)),
    now: () => systemClock.now(),
    notice: tell,
  };
}

function annotations(tell: Tell): Annotations[] {
  const made: Annotations[] = [];
  const events = urlOf('AMOC_GRAPHITE_EVENTS');
  if (events !== undefined) {
    made.push(new Annotations('Graphite (events)', graphiteEvents(events), systemClock, tell));
  }
  const grafana = urlOf('AMOC_GRAFANA_URL');
  if (grafana !== undefined) {
    const token = variable('AMOC_GRAFANA_TOKEN');
    if (token === undefined) {
      throw new AmocError(
        'CONFIG',
        'AMOC_GRAFANA_URL needs AMOC_GRAFANA_TOKEN, a service account token',
      );
    }
    made.push(new Annotations('Grafana', grafanaAnnotations(grafana, token), systemClock, tell));
  }
  return made;
}

/** `AMOC_RUNS_KEEP` and `AMOC_RUNS_MB`: how many runs are kept, and how many megabytes of them. */
function runLimits(): RunLimits {
  return {
    runs: wholeNumber('AMOC_RUNS_KEEP', 1) ?? defaultLimits.runs,
    bytes: (wholeNumber('AMOC_RUNS_MB', 1) ?? defaultLimits.bytes / 1048576) * 1048576,
  };
}

function interval(name: ProcessVariable): number {
  const given = variable(name) ?? '10s';
  try {
    return Math.max(1000, toMs(/^\d+$/.test(given) ? Number(given) * 1000 : given));
  } catch {
    throw new AmocError('CONFIG', `${name}: '${given}' is not a time, as in 10s`);
  }
}

function urlOf(name: ProcessVariable): string | undefined {
  const given = variable(name);
  if (given === undefined || /^https?:\/\/[^\s/]/.test(given)) return given;
  throw new AmocError('CONFIG', `${name}: '${given}' is not a URL, as in http://host:port/`);
}
