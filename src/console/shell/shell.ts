import { actor } from '../../lib/system/actor.ts';
import { AmocError } from '../../lib/errors.ts';
import { escapeJson } from '../../lib/text/foreign-text.ts';
import { count, plural } from '../../lib/text/plural.ts';
import { seats } from './calling-shell.ts';
import type { Seat } from './calling-shell.ts';
import { shellCommands } from '../shell-commands.ts';
import { errorText } from './error-text.ts';
import type { Evaluator } from './evaluator.ts';
import { readInput } from './input.ts';
import type { Person } from './operator.ts';
import { valueText } from './value-text.ts';

export type { Person };

/** Values that `v(N)` finds; older ones are dropped. */
const MOST_VALUES = 200;
/** Longer input is refused. */
const LONGEST_INPUT = 256 * 1024;
/** A longer value is not returned as JSON: it would not fit into one message to a console elsewhere. */
const LONGEST_JSON = 4 * 1024 * 1024;
/** Characters that wait to be shown until the synchronous part of an input is over. */
const MOST_HELD = 256 * 1024;

/** How an input is evaluated. */
export interface RunOptions {
  /** Ends the wait for it. */
  signal?: AbortSignal | undefined;
  /** Whether to give the value as JSON, for a program to read. @default false */
  json?: boolean;
}

/** The outcome of one input. */
export type Outcome =
  | { readonly kind: 'empty' }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'ok' | 'error'; readonly text: string };

const functionNames = shellCommands.map(({ name }) => name);

/** Evaluates one input after the other, numbers them, and gives the outcome of each. */
export class Shell implements Seat {
  readonly person: Person;
  readonly #evaluator: Evaluator;
  readonly #values = new Map<number, unknown>();
  #number = 1;
  #held: string[] = [];
  #heldLength = 0;
  #unshown = 0;

  constructor(evaluator: Evaluator, person: Person) {
    this.#evaluator = evaluator;
    this.person = person;
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
      `v: there is no value of command ${String(number)}; only the last ${MOST_VALUES} that succeeded have one`,
    );
  }

  /** Shows what an input prints, also during its synchronous part. @param text complete lines */
  print(text: string): void {
    const { person } = this;
    if (!this.#evaluator.isRunning) person.print(text);
    else if (person.printAtOnce !== undefined) person.printAtOnce(text);
    else this.#hold(text);
  }

  /** Reports an unhandled error of something that was typed here earlier. */
  reportStray(error: unknown): void {
    const { person } = this;
    const text = `${errorText(error, person.paint)}\n`;
    if (person.printError === undefined) person.print(text);
    else person.printError(text);
  }

  /** Evaluates `text`, which may be several lines. Errors are part of the outcome. */
  run(text: string, options: RunOptions = {}): Promise<Outcome> {
    const { name } = this.person;
    return seats.run(this, () =>
      name === undefined
        ? this.#run(text, options)
        : actor.run(name, () => this.#run(text, options)),
    );
  }

  async #run(text: string, options: RunOptions): Promise<Outcome> {
    let outcome: Outcome;
    try {
      outcome = await this.#evaluate(text, options);
    } catch (error) {
      outcome = { kind: 'error', text: errorText(error, this.person.paint) };
    }
    if (outcome.kind === 'ok' || outcome.kind === 'error') this.#number++;
    return outcome;
  }

  async #evaluate(text: string, { signal, json = false }: RunOptions): Promise<Outcome> {
    if (text.length > LONGEST_INPUT) {
      throw new AmocError('SYNTAX', `the input is longer than ${LONGEST_INPUT} characters`);
    }
    const input = readInput(text, functionNames);
    if (input.kind !== 'typescript') return input;
    const result = await this.#evaluator.evaluate(input.text, { signal });
    if (result === 'incomplete') return { kind: 'incomplete' };
    const { value } = result;
    this.#values.set(this.#number, value);
    this.#values.delete(this.#number - MOST_VALUES);
    return { kind: 'ok', text: json ? jsonText(value) : this.#textOf(value) };
  }

  #hold(text: string): void {
    if (this.#held.length === 0) this.#evaluator.whenFree(() => this.#showHeld());
    if (this.#heldLength + text.length > MOST_HELD) this.#unshown++;
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
    this.person.print(text);
  }

  #textOf(value: unknown): string {
    return value === undefined ? '' : valueText(value, this.person.paint);
  }
}

/** @throws {AmocError} `ARGUMENT` for a value that is too long; also whatever the value itself throws */
function jsonText(value: unknown): string {
  const text = (JSON.stringify(value, null, 2) as string | undefined) ?? 'null';
  if (text.length <= LONGEST_JSON) return escapeJson(text);
  throw new AmocError(
    'ARGUMENT',
    `the value has ${count(text.length)} characters as JSON, but at most ${count(LONGEST_JSON)} can be returned; ask for a part of it`,
  );
}
