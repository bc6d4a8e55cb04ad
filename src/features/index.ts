import type { Feature } from './feature.ts';
import { once } from './once/once.ts';

/** All run features. A new one is a folder, and its name here. */
export const features = [once] as const satisfies readonly Feature[];

type FunctionsOf<F> = F extends Feature<infer Functions> ? Functions : never;

/** One type of all members of a union. */
type Joined<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** What the features add to each user. */
export type UserFunctions = Joined<FunctionsOf<(typeof features)[number]>>;
