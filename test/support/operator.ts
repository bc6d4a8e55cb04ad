import { paintFor } from '../../src/console/views/paint.ts';
import type { Operator } from '../../src/console/shell/shell.ts';

/** One who sits at a shell, sees no colours, and reads nothing. */
export const operator: Operator = {
  paint: paintFor(false),
  print: () => {},
  leave: () => {},
};
