import type { PropertyDefinition } from 'acorn';
import { base } from 'acorn-walk';
import type { WalkerCallback } from 'acorn-walk';

/** A walk that skips the inside of functions, and the parts of a class that run as functions. */
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
