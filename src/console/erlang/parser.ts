import type { Call, Term } from './term.ts';
import { ErlangSyntaxError, tokenize } from './tokenizer.ts';
import type { Token } from './tokenizer.ts';

/** Nesting beyond this is refused: the parser recurses. */
const DEEPEST = 100;

/**
 * Parses one call: `amoc_local:do(my_scenario, 1, 10).` The full stop may be left out.
 *
 * @throws {ErlangSyntaxError} that says where; `incomplete` when more text could complete the call.
 */
export function parseCall(text: string): Call {
  return new Parser(tokenize(text), text.length).call();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #length: number;
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], length: number) {
    this.#tokens = tokens;
    this.#length = length;
  }

  call(): Call {
    let name = this.#name('a function');
    let module: string | undefined;
    if (this.#skip(':')) {
      module = name;
      name = this.#name('a function');
    }
    this.#expect('(');
    const args = this.#items(')');
    const rest = this.#tokens[this.#next];
    if (rest !== undefined && rest.type !== 'end') throw unexpected(rest, 'a full stop');
    const after = this.#tokens[this.#next + 1];
    if (after !== undefined) throw unexpected(after, 'one call at a time');
    return { module, name, args };
  }

  #term(): Term {
    const token = this.#take('a term');
    switch (token.type) {
      case 'atom':
        return { kind: 'atom', name: token.name };
      case 'integer':
        return { kind: 'integer', value: token.value };
      case 'float':
        return { kind: 'float', value: token.value };
      case 'string':
        return { kind: 'string', text: token.text + this.#moreStrings() };
      case 'variable':
        throw new ErlangSyntaxError(
          `${token.name} is an Erlang variable; only values can be given here`,
          token.at,
        );
      case 'end':
        throw unexpected(token, 'a term');
      case 'punctuation':
        return this.#nested(() => this.#compound(token));
    }
  }

  #compound(token: Token & { type: 'punctuation' }): Term {
    switch (token.text) {
      case '-':
        return this.#negative();
      case '[':
        return { kind: 'list', items: this.#items(']') };
      case '{':
        return { kind: 'tuple', items: this.#items('}') };
      case '<<':
        return this.#binary();
      case '#':
        this.#expect('{');
        return { kind: 'map', entries: this.#entries() };
      default:
        throw unexpected(token, 'a term');
    }
  }

  #negative(): Term {
    const token = this.#take('a number');
    if (token.type === 'integer') return { kind: 'integer', value: -token.value };
    if (token.type === 'float') return { kind: 'float', value: -token.value };
    throw unexpected(token, 'a number');
  }

  /** `<<"text">>`, `<<"text"/utf8>>`, `<<1, 2, 3>>`; bytes are read as UTF-8. */
  #binary(): Term {
    const bytes: number[] = [];
    if (this.#skip('>>')) return { kind: 'binary', text: '' };
    do {
      const token = this.#take('a string or a byte');
      if (token.type === 'string') bytes.push(...Buffer.from(token.text));
      else if (token.type === 'integer') bytes.push(Number(token.value & 0xffn));
      else throw unexpected(token, 'a string or a byte');
      if (this.#skip('/')) this.#name('a type such as utf8');
    } while (this.#skip(','));
    this.#expect('>>');
    return { kind: 'binary', text: Buffer.from(bytes).toString('utf8') };
  }

  #entries(): [Term, Term][] {
    const entries: [Term, Term][] = [];
    if (this.#skip('}')) return entries;
    do {
      const key = this.#term();
      if (!this.#skip('=>')) this.#expect(':=');
      entries.push([key, this.#term()]);
    } while (this.#skip(','));
    this.#expect('}');
    return entries;
  }

  #items(close: string): Term[] {
    const items: Term[] = [];
    if (this.#skip(close)) return items;
    do items.push(this.#term());
    while (this.#skip(','));
    this.#expect(close);
    return items;
  }

  /** Adjacent strings are one string. */
  #moreStrings(): string {
    let text = '';
    for (let token = this.#tokens[this.#next]; token?.type === 'string';) {
      text += token.text;
      token = this.#tokens[++this.#next];
    }
    return text;
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > DEEPEST) {
      throw new ErlangSyntaxError(
        'this is nested too deeply',
        this.#tokens[this.#next - 1]?.at ?? 0,
      );
    }
    const result = parse();
    this.#depth--;
    return result;
  }

  #name(wanted: string): string {
    const token = this.#take(wanted);
    if (token.type !== 'atom') throw unexpected(token, wanted);
    return token.name;
  }

  #expect(text: string): void {
    const token = this.#take(`'${text}'`);
    if (token.type !== 'punctuation' || token.text !== text) throw unexpected(token, `'${text}'`);
  }

  #skip(text: string): boolean {
    const token = this.#tokens[this.#next];
    if (token?.type !== 'punctuation' || token.text !== text) return false;
    this.#next++;
    return true;
  }

  #take(wanted: string): Token {
    const token = this.#tokens[this.#next++];
    if (token === undefined)
      throw new ErlangSyntaxError(`${wanted} is missing`, this.#length, true);
    return token;
  }
}

function unexpected(token: Token, wanted: string): ErlangSyntaxError {
  const found = 'text' in token ? token.text : 'name' in token ? token.name : undefined;
  const shown = found ?? (token.type === 'end' ? '.' : 'this');
  return new ErlangSyntaxError(`expected ${wanted}, found '${shown}'`, token.at);
}
