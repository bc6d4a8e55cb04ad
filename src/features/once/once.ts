import type { Feature } from '../feature.ts';
import { OnceMaster } from './master.ts';
import { OnceSlave } from './slave.ts';
import type { OnceFunctions } from './slave.ts';

/** `user.once('name', work)`: one user of the cluster does something for all. */
export const once: Feature<OnceFunctions> = {
  name: 'once',
  functions: ['once'] satisfies (keyof OnceFunctions)[],
  master: (side) => new OnceMaster(side),
  slave: (side) => new OnceSlave(side),
};
