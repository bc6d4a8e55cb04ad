import { AmocError } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import { quote } from '../lib/text/quote.ts';
import type { Command, Field } from './command.ts';

/** The checked arguments and options of a call. */
export interface Call {
  readonly args: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Checks the values of a call as it was typed: arguments, then options. An object in the place of an optional
 * argument is the options: `remove({ ids })`. Further values are ignored, as in the original's
 * `test_status(Scenario)`.
 *
 * @throws {AmocError} `ARGUMENT` that says which value is wrong and what it should be, with the nearest name
 */
export function readCall(command: Command, values: readonly unknown[]): Call {
  const args: Record<string, unknown> = {};
  let at = 0;
  const optionNames = Object.keys(command.options);
  for (const [name, field] of Object.entries(command.args)) {
    const value = values[at];
    const isOptional = field.schema.safeParse(undefined).success;
    if (isOptional && optionNames.length > 0 && isObject(value)) {
      args[name] = undefined;
      continue;
    }
    args[name] = readField(command, name, field, value);
    at++;
  }
  return { args, options: readOptions(command, values[at]) };
}

function readOptions(command: Command, given: unknown): Record<string, unknown> {
  const names = Object.keys(command.options);
  if (names.length === 0) return {};
  const options = given === undefined ? {} : given;
  if (!isObject(options)) {
    throw mistake(
      command,
      `options must be an object, as in { ${names[0] ?? ''}: … }, not ${quote(options)}`,
    );
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    throw mistake(command, `there is no option '${name}'${didYouMean(name, names)}`);
  }
  return Object.fromEntries(
    Object.entries(command.options).map(([name, field]) => [
      name,
      readField(command, name, field, options[name]),
    ]),
  );
}

function readField(command: Command, name: string, field: Field, value: unknown): unknown {
  const read = field.schema.safeParse(value);
  if (read.success) return read.data;
  throw mistake(command, field.wrong(value, name, command.name));
}

function mistake(command: Command, text: string): AmocError {
  return new AmocError('ARGUMENT', `${command.of ?? command.name}: ${text}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
