import type { z } from 'zod';
import type { Control } from '../control/control.ts';
import { quote } from '../lib/text/quote.ts';

/** What can be typed in the place of a value: names of that kind, or these words. */
export type Completes = 'scenario' | 'node' | 'setting' | 'metric' | readonly string[];

/** One argument or option of a command. */
export interface Field<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  /** One line for help. */
  readonly description: string;
  /** For help, in words. @default none */
  readonly default?: string;
  /** Keys of an object or values, as the schema has it. */
  readonly completes?: Completes;
  /** The message for an invalid value, which follows the name of the command and a colon. */
  readonly wrong: (value: unknown, name: string, command: string) => string;
}

/** Arguments in their order, or options. */
export type Fields = Readonly<Record<string, Field>>;

/** The checked values of {@link Fields}. */
export type ValuesOf<F extends Fields> = { readonly [K in keyof F]: z.output<F[K]['schema']> };

/** The one declaration of a command. */
export interface Command<
  N extends string = string,
  A extends Fields = Fields,
  O extends Fields = Fields,
  R = unknown,
> {
  readonly name: N;
  /** As it is typed, without the object in front. */
  readonly use: string;
  readonly summary: string;
  readonly details?: string;
  readonly args: A;
  readonly options: O;
  /** Complete lines to type. */
  readonly examples: readonly [string, ...string[]];
  /** The same for users of the Erlang original. */
  readonly erlang?: string;
  /** Names that it has in the original. */
  readonly erlangNames?: readonly string[];
  /** The method that takes the first argument: `user` in `user(7).trace()`. */
  readonly of?: string;
  /** Whether it changes anything in the cluster. */
  readonly effect: 'read' | 'change';
  /** @returns plain JSON */
  run(control: Control, args: ValuesOf<A>, options: ValuesOf<O>): R;
}

/** Declares a command. */
export function command<const N extends string, const A extends Fields, const O extends Fields, R>(
  declaration: Command<N, A, O, R>,
): Command<N, A, O, R> {
  return declaration;
}

/** A field whose invalid values are answered by: `NAME is VALUE; it must be …`. */
export function field<S extends z.ZodType>(
  schema: S,
  mustBe: string,
  about: Pick<Field, 'description' | 'default' | 'completes'>,
): Field<S> {
  const wrong = (value: unknown, name: string): string =>
    `${name} is ${quote(value)}; it must be ${mustBe}`;
  return { schema, wrong, ...about };
}
