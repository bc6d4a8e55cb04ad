import type { OtlpOutput } from './otlp.ts';
import { defineOutput } from './output.ts';

/** The figures of a run, to an OpenTelemetry collector. */
export const otlp = defineOutput({
  name: 'OpenTelemetry',
  variables: {
    AMOC_OTLP_URL: {
      description: 'URL at which an OpenTelemetry collector takes metrics over HTTP',
    },
    AMOC_OTLP_INTERVAL: { description: 'how often metrics are pushed', default: '10s' },
  },
  async create(env, { version }) {
    const url = env.url('AMOC_OTLP_URL');
    if (url === undefined) return undefined;
    const intervalMs = env.interval('AMOC_OTLP_INTERVAL');
    const { OtlpOutput: Implementation } = await import('./otlp.ts');
    const opened: OtlpOutput[] = [];
    return {
      observer: (cluster) => {
        const output = new Implementation(url, cluster, intervalMs, version);
        opened.push(output);
        return output;
      },
      [Symbol.asyncDispose]: async () => {
        await Promise.all(opened.map((each) => each[Symbol.asyncDispose]()));
      },
    };
  },
});
