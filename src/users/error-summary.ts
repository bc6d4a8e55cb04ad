import { errorName, messageOf } from '../lib/errors.ts';
import { cut } from '../lib/text/foreign-text.ts';

/** Maximum number of distinct errors; further ones count under one entry. */
const MAX_DISTINCT = 200;
const MAX_MESSAGE_LENGTH = 2000;

/** One kind of error and how often it happened. */
export interface ErrorCount {
  error: string;
  message: string;
  count: number;
  /** No `start` threw it: it came from a timer, or a promise that nothing waited for. Left out otherwise. */
  isStray?: true;
}

interface Entry extends ErrorCount {
  told: number;
}

/**
 * Counts errors by name and message, digits aside, so that ten thousand users that fail for one reason
 * make one line with a count.
 */
export class ErrorSummary {
  readonly #entries = new Map<string, Entry>();

  /** @returns the entry when this kind is new, so that it can be reported at once */
  add(error: unknown, { isStray = false } = {}): ErrorCount | undefined {
    const name = errorName(error);
    const message = cut(messageOf(error), MAX_MESSAGE_LENGTH);
    const key = `${isStray ? 'stray ' : ''}${name}:${message.replace(/\d+/g, '#')}`;
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.count++;
      return undefined;
    }
    if (this.#entries.size >= MAX_DISTINCT) return this.#addOther();
    const entry: Entry = { error: name, message, count: 1, told: 1 };
    if (isStray) entry.isStray = true;
    this.#entries.set(key, entry);
    return entry;
  }

  /** Kinds that happened again since the last call, with the number of times since then. */
  takeRepeated(): ErrorCount[] {
    const repeated: ErrorCount[] = [];
    for (const entry of this.#entries.values()) {
      const since = entry.count - entry.told;
      if (since === 0) continue;
      entry.told = entry.count;
      repeated.push({ ...plain(entry), count: since });
    }
    return repeated;
  }

  /** All kinds, the most frequent first. */
  all(): ErrorCount[] {
    return [...this.#entries.values()].map(plain).sort((a, b) => b.count - a.count);
  }

  #addOther(): ErrorCount | undefined {
    const other = this.#entries.get('other');
    if (other !== undefined) {
      other.count++;
      return undefined;
    }
    const entry = {
      error: 'other',
      message: `more than ${MAX_DISTINCT} kinds of errors`,
      count: 1,
      told: 1,
    };
    this.#entries.set('other', entry);
    return entry;
  }
}

function plain({ error, message, count, isStray }: Entry): ErrorCount {
  return { error, message, count, ...(isStray === undefined ? {} : { isStray }) };
}
