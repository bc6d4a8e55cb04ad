/** How many of the newest values are kept. */
export interface RecentBounds {
  count: number;
  /** Characters of all texts in these values. */
  characters: number;
}

/** The newest of a stream of values; the last one is always kept, however large it is. */
export class Recent<T> {
  readonly #bounds: RecentBounds;
  #kept: { value: T; characters: number }[] = [];
  #characters = 0;

  constructor(bounds: RecentBounds) {
    this.#bounds = bounds;
  }

  /** The oldest first. */
  get all(): readonly T[] {
    return this.#kept.map(({ value }) => value);
  }

  add(values: readonly T[]): void {
    for (const value of values.slice(-this.#bounds.count)) {
      const characters = charactersOf(value);
      this.#kept.push({ value, characters });
      this.#characters += characters;
    }
    let dropped = Math.max(0, this.#kept.length - this.#bounds.count);
    for (let at = 0; at < this.#kept.length - 1; at++) {
      if (at >= dropped && this.#characters <= this.#bounds.characters) break;
      dropped = Math.max(dropped, at + 1);
      this.#characters -= (this.#kept[at] as { characters: number }).characters;
    }
    if (dropped > 0) this.#kept = this.#kept.slice(dropped);
  }
}

/** Characters of the texts in a value that is plain JSON, its keys included. */
function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let sum = 0;
  for (const [key, inner] of Object.entries(value)) sum += key.length + charactersOf(inner);
  return sum;
}
