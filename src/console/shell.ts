import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect, types } from 'node:util';
import { actor } from '../lib/actor.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { jsonText, severalLines, withColours } from '../lib/foreign-text.ts';
import { plural } from '../lib/words.ts';
import { shellCommands } from './command-table.ts';
import type { Evaluator } from './evaluator.ts';
import { readInput } from './input.ts';
import type { Paint } from './paint.ts';
import { renderingOf } from './shown.ts';
import type { LendScreen } from './watch.ts';

/** Values that `v(N)` finds; those of older commands are let go. */
const MOST_VALUES = 200;
/** Longer input is refused. */
const LONGEST_INPUT = 256 * 1024;
/** Characters that wait to be shown until typed code has let go. */
const MOST_HELD = 256 * 1024;

/** How an input is evaluated. */
export interface RunOptions {
  /** Ends the wait for it. */
  signal?: AbortSignal | undefined;
  /** The value as JSON, for a program to read. @default false */
  json?: boolean;
}

/** What came of one input. */
export type Outcome =
  | { readonly kind: 'empty' }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'ok' | 'error'; readonly text: string };

/** One who sits at a shell, here or at the other end of a socket. */
export interface Person {
  /** `anna@pts/3`, where several may be; kept with what they command. */
  readonly name?: string;
  readonly paint: Paint;
  /** Writes above what they are typing. @param text whole lines */
  print(text: string): void;
  /**
   * The same in one step that leaves nothing half done, while typed code runs that Ctrl+C may end.
   * Without it such text is shown when that code has let go.
   */
  printAtOnce?(text: string): void;
  /** Their whole screen, where they have one. */
  readonly lend?: LendScreen | undefined;
  /** `q()` was typed. */
  leave(): void;
}

/** Whose input is being evaluated. What it has begun keeps it, also after its end. */
const seats = new AsyncLocalStorage<Shell>();

/** The shell whose input called; `undefined` for what nobody typed. */
export function callingShell(): Shell | undefined {
  return seats.getStore();
}

const functionNames = shellCommands.map(({ name }) => name);

/** Takes one input after the other, numbers them, and says what came of each. */
export class Shell {
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

  /** Shows what an input prints, also from the midst of its synchronous part. @param text whole lines */
  print(text: string): void {
    const { person } = this;
    if (!this.#evaluator.isRunning) person.print(text);
    else if (person.printAtOnce !== undefined) person.printAtOnce(text);
    else this.#hold(text);
  }

  /** Evaluates `text`, which may be several lines. */
  run(text: string, options: RunOptions = {}): Promise<Outcome> {
    const { name } = this.person;
    return seats.run(this, () =>
      name === undefined
        ? this.#run(text, options)
        : actor.run(name, () => this.#run(text, options)),
    );
  }

  async #run(text: string, { signal, json = false }: RunOptions): Promise<Outcome> {
    try {
      if (text.length > LONGEST_INPUT) {
        throw new AmocError('SYNTAX', `the input is longer than ${LONGEST_INPUT} characters`);
      }
      const input = readInput(text, functionNames);
      if (input.kind !== 'typescript') return input;
      const result = await this.#evaluator.evaluate(input.text, { signal });
      if (result === 'incomplete') return { kind: 'incomplete' };
      this.#values.set(this.#number, result.value);
      this.#values.delete(this.#number - MOST_VALUES);
      this.#number++;
      return { kind: 'ok', text: json ? jsonText(result.value, 2) : this.#print(result.value) };
    } catch (error) {
      this.#number++;
      return { kind: 'error', text: describeError(error, this.person.paint) };
    }
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
    const note = this.#unshown > 0 ? `(${plural(this.#unshown, 'text')} more left out)\n` : '';
    const text = this.#held.join('') + note;
    this.#held = [];
    this.#heldLength = 0;
    this.#unshown = 0;
    this.person.print(text);
  }

  #print(value: unknown): string {
    if (value === undefined) return '';
    const { paint } = this.person;
    const rendered = renderingOf(value, paint);
    if (rendered !== undefined) return withColours(rendered);
    const print = (colors: boolean): string =>
      inspect(value, {
        colors,
        depth: 4,
        maxArrayLength: 100,
        maxStringLength: 10_000,
        breakLength: 100,
      });
    // It escapes what strings hold, not the stack of an error, the name of a class, or bidi: what those
    // hold has no colour of ours, so that theirs are seen for what they are.
    const plain = print(false);
    const legible = severalLines(plain, Infinity);
    return paint.level > 0 && legible === plain ? print(true) : legible;
  }
}

/** One or two lines for a mistake; no stack: it would be of the shell's own frames. */
function describeError(error: unknown, paint: Paint): string {
  const isError = error instanceof Error || types.isNativeError(error);
  const isOurs = error instanceof AmocError;
  const name = isOurs || !isError ? 'error' : error.name;
  const text = isError ? error.message : `a value was thrown: ${inspect(error, { depth: 2 })}`;
  const message = isOurs ? messageOf(error) : text;
  const [first = '', ...rest] = severalLines(`${name}: ${message}`).split('\n');
  return [
    paint.red(`** ${first}`),
    ...rest.map((line) => (line.startsWith('   ') ? line : `   ${line}`)),
  ].join('\n');
}
