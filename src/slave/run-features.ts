import type { Feature, SlaveHalf, SlaveSide, UserFunctionTable } from '../features/feature.ts';
import { AmocError } from '../lib/errors.ts';
import type { Clock } from '../lib/time/clock.ts';
import type { JsonValue } from '../lib/text/bounded-json.ts';
import type { FeatureMessage, Params } from '../protocol/messages.ts';
import type { SlavePeer } from '../protocol/peer.ts';

/** What {@link SlaveFeatures} needs. */
export interface SlaveFeatureParts {
  /** Name of the run. */
  run: string;
  clock: Clock;
  /** The connection to the master; `undefined` while there is none. */
  peer: () => SlavePeer | undefined;
  /** Whether users may be served; when not, they have been dropped. */
  mayServe: () => boolean;
}

/** This process's halves of the features of one run. */
export class SlaveFeatures {
  readonly #parts: SlaveFeatureParts;
  readonly #halves = new Map<string, SlaveHalf<object>>();
  /** The functions that users get, by name. */
  readonly functions: UserFunctionTable;

  constructor(features: readonly Feature[], parts: SlaveFeatureParts) {
    this.#parts = parts;
    const functions: Record<string, UserFunctionTable[string]> = {};
    for (const feature of features) {
      const half = feature.slave(this.#side(feature.name));
      this.#halves.set(feature.name, half);
      for (const name of feature.functions)
        functions[name] = (user) => functionOf(half.api(user), name);
    }
    this.functions = functions;
  }

  /** @throws {AmocError} `PROTOCOL` for a message that no feature understands */
  heard({ run, name, body }: FeatureMessage): void {
    if (run === this.#parts.run) this.#half(name).heard(body);
  }

  /** @throws {AmocError} `PROTOCOL` for a request that no feature understands */
  async asked({ name, body }: Params<'feature'>): Promise<JsonValue | undefined> {
    return this.#half(name).asked?.(body);
  }

  #side(name: string): SlaveSide {
    const { run, clock, peer, mayServe } = this.#parts;
    return {
      clock,
      mayServe,
      send: (body) => peer()?.send({ type: 'feature', run, name, body }),
      ask: async (body, timeoutMs) => {
        const connected = peer();
        if (connected === undefined) throw new AmocError('NODE_LOST', 'the master is out of reach');
        return (await connected.request('feature', { run, name, body }, timeoutMs)).body;
      },
    };
  }

  #half(name: string): SlaveHalf<object> {
    const half = this.#halves.get(name);
    if (half === undefined) throw new AmocError('PROTOCOL', `there is no feature '${name}'`);
    return half;
  }
}

function functionOf(functions: object, name: string): unknown {
  return (functions as Readonly<Record<string, unknown>>)[name];
}
