import type { PropertyDefinition } from 'acorn';
import { base } from 'acorn-walk';
import type { WalkerCallback } from 'acorn-walk';

/** A walk over everything but what is inside of functions, and what runs as one: the parts of a class. */
export const outsideOfFunctions = {
  ...base,
  Function: () => {},
  StaticBlock: () => {},
  PropertyDefinition: (
    { computed, key }: PropertyDefinition,
    state: unknown,
    visit: WalkerCallback<unknown>,
  ) => {
    if (computed) visit(key, state);
  },
};
