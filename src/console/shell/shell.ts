import { currentOperator } from '../../lib/system/current-operator.ts';
import { AmocError } from '../../lib/errors.ts';
import { escapeJson } from '../../lib/text/foreign-text.ts';
import { count, plural } from '../../lib/text/plural.ts';
import { callingShells } from './calling-shell.ts';
import type { CallingShell } from './calling-shell.ts';
import { shellCommands } from '../shell-commands.ts';
import { errorText } from './error-text.ts';
import type { Evaluator } from './evaluator.ts';
import { readInput } from './input.ts';
import type { Operator } from './operator.ts';
import { valueText } from './value-text.ts';

export type { Operator };

/** Values that `v(N)` finds; older ones are dropped. */
const MAX_VALUES = 200;
/** Longer input is refused. */
const MAX_INPUT_LENGTH = 256 * 1024;
/** A longer value is not returned as JSON: it would not fit into one message to a console elsewhere. */
const MAX_JSON_LENGTH = 4 * 1024 * 1024;
/** Characters that wait to be shown until the synchronous part of an input is over. */
const MAX_HELD_LENGTH = 256 * 1024;

/** How an input is evaluated. */
export interface EvalOptions {
  /** Ends the wait for it. */
  signal?: AbortSignal | undefined;
  /** Whether to give the value as JSON, for a program to read. @default false */
  json?: boolean;
}

/** The outcome of one input. */
export type EvalResult =
  | { readonly kind: 'empty' }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'ok' | 'error'; readonly text: string };

const functionNames = shellCommands.map(({ name }) => name);

/** Evaluates one input after the other, numbers them, and gives the outcome of each. */
export class Shell implements CallingShell {
  readonly operator: Operator;
  readonly #evaluator: Evaluator;
  readonly #values = new Map<number, unknown>();
  #number = 1;
  #held: string[] = [];
  #heldLength = 0;
  #unshown = 0;

  constructor(evaluator: Evaluator, operator: Operator) {
    this.#evaluator = evaluator;
    this.operator = operator;
  }

  /** The number of the next command. */
  get number(): number {
    return this.#number;
  }

  /**
   * The value of command `number`; negative numbers count from the last one.
   *
   * @throws {AmocError} `ARGUMENT` when that command has no value.
   */
  value(number: unknown): unknown {
    const wanted = typeof number === 'number' && number < 0 ? this.#number + number : number;
    if (typeof wanted === 'number' && this.#values.has(wanted)) return this.#values.get(wanted);
    throw new AmocError(
      'ARGUMENT',
      `v: there is no value of command ${String(number)}; only the last ${MAX_VALUES} that succeeded have one`,
    );
  }

  /** Shows what an input prints, also during its synchronous part. @param text complete lines */
  print(text: string): void {
    const { operator } = this;
    if (!this.#evaluator.isRunning) operator.print(text);
    else if (operator.printAtOnce !== undefined) operator.printAtOnce(text);
    else this.#hold(text);
  }

  /** Reports an unhandled error of something that was typed here earlier. */
  reportStray(error: unknown): void {
    const { operator } = this;
    const text = `${errorText(error, operator.paint)}\n`;
    if (operator.printError === undefined) operator.print(text);
    else operator.printError(text);
  }

  /** Evaluates `text`, which may be several lines. Errors are part of the outcome. */
  run(text: string, options: EvalOptions = {}): Promise<EvalResult> {
    const { name } = this.operator;
    return callingShells.run(this, () =>
      name === undefined
        ? this.#run(text, options)
        : currentOperator.run(name, () => this.#run(text, options)),
    );
  }

  async #run(text: string, options: EvalOptions): Promise<EvalResult> {
    let outcome: EvalResult;
    try {
      outcome = await this.#evaluate(text, options);
    } catch (error) {
      outcome = { kind: 'error', text: errorText(error, this.operator.paint) };
    }
    if (outcome.kind === 'ok' || outcome.kind === 'error') this.#number++;
    return outcome;
  }

  async #evaluate(text: string, { signal, json = false }: EvalOptions): Promise<EvalResult> {
    if (text.length > MAX_INPUT_LENGTH) {
      throw new AmocError('SYNTAX', `the input is longer than ${MAX_INPUT_LENGTH} characters`);
    }
    const input = readInput(text, functionNames);
    if (input.kind !== 'typescript') return input;
    const result = await this.#evaluator.evaluate(input.text, { signal });
    if (result === 'incomplete') return { kind: 'incomplete' };
    const { value } = result;
    this.#values.set(this.#number, value);
    this.#values.delete(this.#number - MAX_VALUES);
    return { kind: 'ok', text: json ? jsonText(value) : this.#textOf(value) };
  }

  #hold(text: string): void {
    if (this.#held.length === 0) this.#evaluator.whenFree(() => this.#showHeld());
    if (this.#heldLength + text.length > MAX_HELD_LENGTH) this.#unshown++;
    else {
      this.#heldLength += text.length;
      this.#held.push(text);
    }
  }

  #showHeld(): void {
    const note = this.#unshown > 0 ? `(${plural(this.#unshown, 'text')} left out)\n` : '';
    const text = this.#held.join('') + note;
    this.#held = [];
    this.#heldLength = 0;
    this.#unshown = 0;
    this.operator.print(text);
  }

  #textOf(value: unknown): string {
    return value === undefined ? '' : valueText(value, this.operator.paint);
  }
}

/** @throws {AmocError} `ARGUMENT` for a value that is too long; also whatever the value itself throws */
function jsonText(value: unknown): string {
  const text = (JSON.stringify(value, null, 2) as string | undefined) ?? 'null';
  if (text.length <= MAX_JSON_LENGTH) return escapeJson(text);
  throw new AmocError(
    'ARGUMENT',
    `the value has ${count(text.length)} characters as JSON, but at most ${count(MAX_JSON_LENGTH)} can be returned; ask for a part of it`,
  );
}
