import { posix } from 'node:path';
import { AmocError, messageOf } from '../lib/errors.ts';
import { nearest } from '../lib/text/nearest.ts';
import { quote } from '../lib/text/quote.ts';
import type { DataFile } from './bundle.ts';
import type { Json } from './contract.ts';

/** The files of data that have come with a scenario: what `context.text()` and `context.json()` read. */
export class TravelledFiles {
  readonly #scenario: string;
  readonly #texts: ReadonlyMap<string, string>;

  constructor(scenario: string, data: readonly DataFile[]) {
    this.#scenario = scenario;
    this.#texts = new Map(data.map(({ path, text }) => [path, text]));
  }

  /** @throws {AmocError} `SCENARIO` when there is no such file; it says how to declare it */
  text(path: string): string {
    return this.#read('text', path);
  }

  /** @throws {AmocError} `SCENARIO` as {@link text}, and for a file that is not JSON */
  json(path: string): Json {
    const text = this.#read('json', path);
    try {
      return JSON.parse(text) as Json;
    } catch (cause) {
      throw new AmocError('SCENARIO', `json: ${path} is not JSON: ${messageOf(cause)}`, { cause });
    }
  }

  #read(call: string, path: unknown): string {
    if (typeof path !== 'string') {
      throw new AmocError('ARGUMENT', `${call}: ${quote(path)} is not a path, as in './names.csv'`);
    }
    const plain = posix.normalize(path);
    const text = this.#texts.get(plain);
    if (text !== undefined) return text;
    const [near] = nearest(plain, [...this.#texts.keys()]);
    const remedy =
      near === undefined
        ? `; declare it: export const files = [${quote(path)}] satisfies Files`
        : `; did you mean './${near}'?`;
    throw new AmocError(
      'SCENARIO',
      `${call}: no file ${quote(path)} travels with ${this.#scenario}${remedy}`,
    );
  }
}
