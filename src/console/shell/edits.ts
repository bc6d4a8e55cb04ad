/** A piece of a text. */
interface Span {
  readonly start: number;
  readonly end: number;
}

interface Edit extends Span {
  readonly before: string;
  readonly after: string;
  /** Whether the piece itself is removed. */
  readonly replaces: boolean;
}

/** Changes to pieces of one text, which may lie within each other. */
export class Edits {
  readonly #text: string;
  readonly #edits: Edit[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** Puts text before and after a piece. Of two that wrap the same piece, the first is outside. */
  wrap({ start, end }: Span, before: string, after: string): void {
    this.#edits.push({ start, end, before, after, replaces: false });
  }

  /** Puts `text` in the place of a piece that has no other change in it. */
  replace({ start, end }: Span, text: string): void {
    this.#edits.push({ start, end, before: text, after: '', replaces: true });
  }

  /** A piece of the text, with the changes that lie in it. */
  textOf(span: Span): string {
    const inside = this.#edits.filter(({ start, end }) => start >= span.start && end <= span.end);
    return this.#render(span, inside);
  }

  #render({ start, end }: Span, edits: readonly Edit[]): string {
    // The outermost first: what begins earlier, then what ends later. The sort keeps the order of equals.
    const sorted = [...edits].sort((a, b) => a.start - b.start || b.end - a.end);
    let text = '';
    let at = start;
    while (sorted.length > 0) {
      const edit = sorted.shift() as Edit;
      const inner = sorted.filter((each) => each.end <= edit.end);
      sorted.splice(0, inner.length);
      const whole = edit.replaces ? '' : this.#render(edit, inner);
      text += this.#text.slice(at, edit.start) + edit.before + whole + edit.after;
      at = edit.end;
    }
    return text + this.#text.slice(at, end);
  }
}
