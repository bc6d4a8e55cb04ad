import { plural } from '../../lib/text/plural.ts';
import { visitingOrder } from '../../placement/placement.ts';

/** At most this many processes are named in a problem, and this many problems kept; the rest is counted. */
const MAX_NAMES = 3;
const MAX_PROBLEMS = 20;

/** Failures in a run other than its users': `terminate`, `teardown`, a process that joined or was killed. */
export class Problems {
  /** The key is what failed and why, or a complete sentence; `names` are the processes. */
  readonly #found = new Map<string, { what: string; why: string; names: string[] }>();
  #more = 0;

  /** Notes a problem that is a sentence by itself. */
  note(text: string): void {
    if (!this.#isFull(text)) this.#found.set(text, { what: text, why: '', names: [] });
  }

  /** Notes what failed on a process; the same failure on several processes is one problem. */
  noteOn(node: string, what: string, why: string): void {
    const key = `${what}: ${why}`;
    if (this.#isFull(key)) return;
    const problem = this.#found.get(key) ?? { what, why, names: [] };
    problem.names.push(node);
    this.#found.set(key, problem);
  }

  /** The problems, a sentence each, at most 21. */
  list(): string[] {
    const all = [...this.#found.values()].map(say);
    if (this.#more === 0) return all;
    return [...all, `${plural(this.#more, 'more problem')} of this kind`];
  }

  /** Problems beyond the bound are only counted. */
  #isFull(key: string): boolean {
    if (this.#found.has(key) || this.#found.size < MAX_PROBLEMS) return false;
    this.#more++;
    return true;
  }
}

function say({ what, why, names }: { what: string; why: string; names: string[] }): string {
  if (names.length === 0) return what;
  const more = names.length - MAX_NAMES;
  const where = names.sort(visitingOrder).slice(0, MAX_NAMES).join(', ');
  return `${what} on ${where}${more > 0 ? ` and ${plural(more, 'more process', 'more processes')}` : ''}: ${why}`;
}
