import type { Feature } from './feature.ts';

/** All run features. A new one is a folder, and its name here. */
export const features = [] as const satisfies readonly Feature[];

type FunctionsOf<F> = F extends Feature<infer Functions> ? Functions : never;

/** One type of all members of a union. */
type Joined<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** What the features add to each user. */
// eslint-disable-next-line -- for the empty list
export type UserFunctions = Record<never, never> & Joined<FunctionsOf<(typeof features)[number]>>;
