import { parseElement } from './element.ts';
import type { Element } from './element.ts';
import { attributeText } from './xml-text.ts';
import { ageAt } from './ids.ts';

/**
 * A received stanza: its text, and what its first tag says. The tree ({@link element}) is built when it is
 * first used; a test of ten thousand users mostly never uses it.
 */
export class Stanza {
  /** The text, unchanged. */
  readonly text: string;
  /** `message`, `presence`, `iq`, or the name of a nonza: `r`, `stream:error`. */
  readonly name: string;
  /** Where the values begin and end in the text, so that no string is made for values that nothing reads. */
  #typeAt = 0;
  #typeEnd = 0;
  #idAt = 0;
  #idEnd = 0;
  #fromAt = 0;
  #fromEnd = 0;
  #toAt = 0;
  #toEnd = 0;
  #element: Element | undefined;

  /** @param text one well-formed element, as the framer delivers it */
  constructor(text: string) {
    this.text = text;
    const { length } = text;
    let at = 1;
    let code = text.charCodeAt(at);
    while (at < length && code > SPACE && code !== GT && code !== SLASH)
      code = text.charCodeAt(++at);
    this.name = nameOf(text, at);
    for (;;) {
      while (at < length && code <= SPACE) code = text.charCodeAt(++at);
      if (at >= length || code === GT || code === SLASH) return;
      const nameAt = at;
      while (at < length && code > SPACE && code !== EQUALS && code !== GT) {
        code = text.charCodeAt(++at);
      }
      const nameEnd = at;
      while (at < length && code <= SPACE) code = text.charCodeAt(++at);
      if (code !== EQUALS) return;
      code = text.charCodeAt(++at);
      while (at < length && code <= SPACE) code = text.charCodeAt(++at);
      const end = text.indexOf(code === DOUBLE_QUOTE ? '"' : "'", at + 1);
      if (end < 0) return;
      this.#note(nameAt, nameEnd, at + 1, end);
      at = end + 1;
      code = text.charCodeAt(at);
    }
  }

  /** A stanza that was made here: for predicates on outgoing stanzas. */
  static of(element: Element): Stanza {
    return new Stanza(element.toString());
  }

  get type(): string | undefined {
    return this.#value(this.#typeAt, this.#typeEnd);
  }

  get id(): string | undefined {
    return this.#value(this.#idAt, this.#idEnd);
  }

  get from(): string | undefined {
    return this.#value(this.#fromAt, this.#fromEnd);
  }

  get to(): string | undefined {
    return this.#value(this.#toAt, this.#toEnd);
  }

  /** Whether it is of type `error`. */
  get isError(): boolean {
    return this.#typeEnd - this.#typeAt === 5 && this.text.startsWith('error', this.#typeAt);
  }

  /** Milliseconds since it was sent, when its id carries the time; `undefined` for other ids. */
  get ageMs(): number | undefined {
    return ageAt(this.text, this.#idAt, this.#idEnd);
  }

  /** @throws {AmocError} `CONNECTION` when it is not well-formed inside */
  get element(): Element {
    return (this.#element ??= parseElement(this.text));
  }

  /** The attributes of its first tag. */
  get attrs(): Readonly<Record<string, string | undefined>> {
    return this.element.attrs;
  }

  /** The first child of that name, in that namespace if one is given. */
  getChild(name: string, xmlns?: string): Element | undefined {
    return this.element.getChild(name, xmlns);
  }

  /** The children of that name, in that namespace if one is given. */
  getChildren(name: string, xmlns?: string): Element[] {
    return this.element.getChildren(name, xmlns);
  }

  /** The text of the first child of that name; `undefined` when there is none. */
  getChildText(name: string, xmlns?: string): string | undefined {
    return this.element.getChildText(name, xmlns) ?? undefined;
  }

  /** The first child, whatever its name: the payload of an IQ. */
  get payload(): Element | undefined {
    return this.element.getChildElements()[0];
  }

  /** Whether it has that name, in that namespace if one is given. */
  is(name: string, xmlns?: string): boolean {
    return this.element.is(name, xmlns);
  }

  toString(): string {
    return this.text;
  }

  #value(at: number, end: number): string | undefined {
    return at === 0 ? undefined : attributeText(this.text.slice(at, end));
  }

  /** Compares single letters: a call for each possible name costs more than all the rest. */
  #note(nameAt: number, nameEnd: number, at: number, end: number): void {
    const { text } = this;
    const first = text.charCodeAt(nameAt);
    const second = text.charCodeAt(nameAt + 1);
    switch (nameEnd - nameAt) {
      case 2:
        if (first === LOWER_I && second === LOWER_D) {
          this.#idAt = at;
          this.#idEnd = end;
        } else if (first === LOWER_T && second === LOWER_O) {
          this.#toAt = at;
          this.#toEnd = end;
        }
        break;
      case 4:
        if (first === LOWER_T && second === LOWER_Y && text.startsWith('pe', nameAt + 2)) {
          this.#typeAt = at;
          this.#typeEnd = end;
        } else if (first === LOWER_F && second === LOWER_R && text.startsWith('om', nameAt + 2)) {
          this.#fromAt = at;
          this.#fromEnd = end;
        }
        break;
    }
  }
}

const LOWER_D = 0x64;
const LOWER_F = 0x66;
const LOWER_I = 0x69;
const LOWER_O = 0x6f;
const LOWER_R = 0x72;
const LOWER_T = 0x74;
const LOWER_Y = 0x79;
const SPACE = 0x20;
const GT = 0x3e;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const DOUBLE_QUOTE = 0x22;

/** The usual names are constants: no string is made for them. */
function nameOf(text: string, end: number): string {
  if (end === 8 && text.startsWith('message', 1)) return 'message';
  if (end === 9 && text.startsWith('presence', 1)) return 'presence';
  if (end === 3 && text.startsWith('iq', 1)) return 'iq';
  return text.slice(1, end);
}
