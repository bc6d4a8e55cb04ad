import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { mix32 } from './hash32.ts';

/** A seeded stream of random numbers: the same seeds give the same stream on every machine. */
export interface Random {
  /** A float in [0, 1). */
  float(): number;
  /** An integer in [`least`, `most`], both included. */
  integer(least: number, most: number): number;
  /** One of `values`, which must not be empty. */
  pick<T>(values: readonly T[]): T;
  /** A waiting time of a Poisson process whose mean is `mean` (same unit). */
  exponential(mean: number): number;
}

/** Makes a {@link Random} from 32-bit seeds; the streams of neighbouring seeds are unrelated. */
export function seededRandom(...seeds: readonly number[]): Random {
  const generator = xoroshiro128plus(seeds.reduce(mix, 0));
  const float = (): number => uniformFloat64(generator);
  return {
    float,
    integer: (least, most) => uniformInt(generator, least, most),
    pick<T>(values: readonly T[]): T {
      if (values.length === 0) throw new RangeError('pick() needs at least one value');
      return values[uniformInt(generator, 0, values.length - 1)] as T;
    },
    exponential: (mean) => -Math.log(1 - float()) * mean,
  };
}

/** Folds `value` into `hash`. */
function mix(hash: number, value: number): number {
  const high = Math.imul(Math.floor(value / 2 ** 32), 0x9e3779b1);
  return mix32(Math.imul(hash, 31) ^ (value | 0) ^ high);
}
