import { AsyncLocalStorage } from 'node:async_hooks';
import type { Person } from './operator.ts';

/** A shell, as seen by the code that was typed at it. */
export interface Seat {
  readonly person: Person;
  /** Shows what an input prints. @param text complete lines */
  print(text: string): void;
  /** The value of command `number`. */
  value(number: unknown): unknown;
  /** Reports an unhandled error of something that was typed here earlier. */
  reportStray(error: unknown): void;
}

/** The shell whose input is being evaluated. What the input has started keeps it, also after its end. */
export const seats = new AsyncLocalStorage<Seat>();

/** The shell whose input called; `undefined` for code that was not typed. */
export function callingShell(): Seat | undefined {
  return seats.getStore();
}
