import { AsyncLocalStorage } from 'node:async_hooks';
import type { Person } from './person.ts';

/** A shell, as what was typed at it sees it. */
export interface Seat {
  readonly person: Person;
  /** Shows what an input prints. @param text whole lines */
  print(text: string): void;
  /** The value of command `number`. */
  value(number: unknown): unknown;
  /** Reports what failed in something that was typed here earlier, and that nobody waited for. */
  reportStray(error: unknown): void;
}

/** Whose input is being evaluated. What it has begun keeps it, also after its end. */
export const seats = new AsyncLocalStorage<Seat>();

/** The shell whose input called; `undefined` for what nobody typed. */
export function callingShell(): Seat | undefined {
  return seats.getStore();
}
