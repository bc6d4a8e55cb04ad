import { AsyncLocalStorage } from 'node:async_hooks';
import type { Operator } from './operator.ts';

/** A shell, as seen by the code that was typed at it. */
export interface CallingShell {
  readonly operator: Operator;
  /** Shows what an input prints. @param text complete lines */
  print(text: string): void;
  /** The value of command `number`. */
  value(number: unknown): unknown;
  /** Reports an unhandled error of something that was typed here earlier. */
  reportStray(error: unknown): void;
}

/** The shell whose input is being evaluated. What the input has started keeps it, also after its end. */
export const callingShells = new AsyncLocalStorage<CallingShell>();

/** The shell whose input called; `undefined` for code that was not typed. */
export function callingShell(): CallingShell | undefined {
  return callingShells.getStore();
}
