import { paintFor } from '../../src/console/paint.ts';
import type { Person } from '../../src/console/shell.ts';

/** One who sits at a shell, sees no colours, and reads nothing. */
export const person: Person = {
  paint: paintFor(false),
  print: () => {},
  leave: () => {},
};
