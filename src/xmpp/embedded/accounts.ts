import { patternId } from './pattern.ts';

/** Registered accounts that are kept; a registration beyond gets `resource-constraint`. */
const MOST_ACCOUNTS = 1_000_000;

/** Accounts that exist without being registered: those that the console's own users have. */
export interface AccountPatterns {
  /** `user_{id}` */
  user: string;
  /** `password_{id}` */
  password: string;
}

/** Who may log in: everybody whose name fits the pattern, and whoever registered. In memory. */
export class Accounts {
  readonly #patterns: AccountPatterns;
  readonly #registered = new Map<string, string>();
  /** Accounts of the pattern that were cancelled (XEP-0077 §3.2). */
  readonly #removed = new Set<string>();

  constructor(patterns: AccountPatterns) {
    this.#patterns = patterns;
  }

  /** The password of an account, or `undefined` when there is none of that name. */
  passwordOf(username: string): string | undefined {
    const registered = this.#registered.get(username);
    if (registered !== undefined) return registered;
    const id = patternId(this.#patterns.user, username);
    if (id === undefined || this.#removed.has(username)) return undefined;
    return this.#patterns.password.replaceAll('{id}', id);
  }

  register(username: string, password: string): 'created' | 'conflict' | 'full' {
    if (this.passwordOf(username) !== undefined) return 'conflict';
    if (this.#registered.size >= MOST_ACCOUNTS) return 'full';
    this.#registered.set(username, password);
    return 'created';
  }

  remove(username: string): void {
    if (!this.#registered.delete(username)) this.#removed.add(username);
  }
}
