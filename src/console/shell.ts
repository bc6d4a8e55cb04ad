import { inspect, types } from 'node:util';
import { AmocError, messageOf } from '../lib/errors.ts';
import { shellCommands } from './command-table.ts';
import { loadCompiler } from './erase.ts';
import type { Evaluator } from './evaluator.ts';
import { readInput } from './input.ts';
import type { Paint } from './paint.ts';
import { renderingOf } from './shown.ts';

/** Values that `v(N)` finds; those of older commands are let go. */
const MOST_VALUES = 200;
/** Longer input is refused. */
const LONGEST_INPUT = 256 * 1024;

/** What came of one input. */
export type Outcome =
  | { readonly kind: 'empty' }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'ok' | 'error'; readonly text: string };

const functionNames = shellCommands.map(({ name }) => name);

/** Takes one input after the other, numbers them, and says what came of each. */
export class Shell {
  readonly #evaluator: Evaluator;
  readonly #paint: Paint;
  readonly #values = new Map<number, unknown>();
  #number = 1;

  constructor(evaluator: Evaluator, paint: Paint) {
    this.#evaluator = evaluator;
    this.#paint = paint;
  }

  /** The number of the next command. */
  get number(): number {
    return this.#number;
  }

  /**
   * The value of command `number`; negative numbers count from the last one.
   *
   * @throws {AmocError} `ARGUMENT` when there is none.
   */
  value(number: unknown): unknown {
    const wanted = typeof number === 'number' && number < 0 ? this.#number + number : number;
    if (typeof wanted === 'number' && this.#values.has(wanted)) return this.#values.get(wanted);
    throw new AmocError(
      'ARGUMENT',
      `v: there is no value of command ${String(number)}; the last ${MOST_VALUES} that succeeded have one`,
    );
  }

  /** Evaluates `text`, which may be several lines. */
  async run(text: string, options: { signal?: AbortSignal } = {}): Promise<Outcome> {
    try {
      if (text.length > LONGEST_INPUT) {
        throw new AmocError('SYNTAX', `the input is longer than ${LONGEST_INPUT} characters`);
      }
      const input = readInput(text, functionNames);
      if (input.kind !== 'typescript') return input;
      const compiler = await loadCompiler();
      const result = await this.#evaluator.evaluate(compiler, input.text, options);
      if (result === 'incomplete') return { kind: 'incomplete' };
      this.#values.set(this.#number, result.value);
      this.#values.delete(this.#number - MOST_VALUES);
      this.#number++;
      return { kind: 'ok', text: this.#print(result.value) };
    } catch (error) {
      this.#number++;
      return { kind: 'error', text: describeError(error, this.#paint) };
    }
  }

  #print(value: unknown): string {
    if (value === undefined) return '';
    const rendered = renderingOf(value, this.#paint);
    if (rendered !== undefined) return rendered;
    return inspect(value, {
      colors: this.#paint.level > 0,
      depth: 4,
      maxArrayLength: 100,
      maxStringLength: 10_000,
      breakLength: 100,
    });
  }
}

/** One or two lines for a mistake; no stack: it would be of the shell's own frames. */
function describeError(error: unknown, paint: Paint): string {
  const isError = error instanceof Error || types.isNativeError(error);
  const isOurs = error instanceof AmocError;
  const name = isOurs || !isError ? 'error' : error.name;
  const text = isError ? error.message : `a value was thrown: ${inspect(error, { depth: 2 })}`;
  const message = isOurs ? messageOf(error) : text;
  const [first = '', ...rest] = `${name}: ${message}`.split('\n');
  return [
    paint.red(`** ${first}`),
    ...rest.map((line) => (line.startsWith('   ') ? line : `   ${line}`)),
  ].join('\n');
}
