import { messageOf } from '../lib/errors.ts';
import { defineOutput } from './output.ts';
import type { PrometheusSource } from './prometheus.ts';

/** The figures of a run, for Prometheus to read. */
export const prometheus = defineOutput({
  name: 'Prometheus',
  variables: {
    AMOC_PROMETHEUS_PORT: { description: 'port on which Prometheus can read /metrics' },
    AMOC_PROMETHEUS_BIND: {
      description: 'address of AMOC_PROMETHEUS_PORT',
      default: '127.0.0.1',
    },
  },
  async create(env, { tell }) {
    const port = env.port('AMOC_PROMETHEUS_PORT');
    if (port === undefined) return undefined;
    const host = env.text('AMOC_PROMETHEUS_BIND') as string;
    const { PrometheusSource: Source } = await import('./prometheus.ts');
    const sources: PrometheusSource[] = [];
    let server: AsyncDisposable | undefined;
    return {
      observer: (cluster) => {
        const source = new Source(cluster);
        sources.push(source);
        return source;
      },
      listen: async () => {
        const { servePrometheus } = await import('./prometheus-server.ts');
        try {
          const opened = await servePrometheus(host, port, sources, (text) => tell('warn', text));
          server = opened;
          tell('info', `Prometheus can read http://${host}:${opened.port}/metrics`);
        } catch (error) {
          tell('error', `Prometheus cannot read /metrics: ${messageOf(error)}`);
        }
      },
      [Symbol.asyncDispose]: async () => server?.[Symbol.asyncDispose](),
    };
  },
});
