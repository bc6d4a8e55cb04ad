import { hostname } from 'node:os';
import { defineOutput } from './output.ts';

/** The figures of a run, to carbon: the names are those of the Erlang amoc. */
export const graphite = defineOutput({
  name: 'Graphite',
  variables: {
    AMOC_GRAPHITE: { description: 'HOST or HOST:PORT of carbon' },
    AMOC_GRAPHITE_BUFFER: {
      description: 'maximum number of values that wait while carbon is unreachable',
      default: '100000',
    },
    AMOC_GRAPHITE_INTERVAL: { description: 'how often values are sent', default: '10s' },
    AMOC_GRAPHITE_PREFIX: { description: 'prefix of every metric path; default: the host name' },
  },
  async create(env, { clock, tell }) {
    const address = env.address('AMOC_GRAPHITE', 2003);
    if (address === undefined) return undefined;
    const most = env.wholeNumber('AMOC_GRAPHITE_BUFFER', 1) as number;
    const intervalMs = env.interval('AMOC_GRAPHITE_INTERVAL');
    const { Carbon } = await import('./carbon.ts');
    const { GraphiteOutput } = await import('./graphite.ts');
    const { pathPart, pathPrefix } = await import('./graphite-names.ts');
    const carbon = new Carbon({ ...address, clock, most, notice: tell });
    const parts = {
      carbon,
      prefix: pathPrefix(env.text('AMOC_GRAPHITE_PREFIX') ?? pathPart(hostname())),
      intervalS: Math.max(1, Math.round(intervalMs / 1000)),
      now: () => clock.now(),
      notice: tell,
    };
    return {
      observer: () => new GraphiteOutput(parts),
      [Symbol.asyncDispose]: () => carbon[Symbol.asyncDispose](),
    };
  },
});
