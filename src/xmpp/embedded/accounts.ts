import { prepareJid } from '../jid.ts';
import { isLocalPart } from './address.ts';
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
  /** Accounts of the pattern that were cancelled (XEP-0077 §3.2); beyond as many as may be registered they stay. */
  readonly #removed = new Set<string>();

  constructor({ user, password }: AccountPatterns) {
    this.#patterns = { user: nameOf(user), password };
  }

  /** The password of an account, or `undefined` when there is no account of that name. */
  passwordOf(username: string): string | undefined {
    const name = nameOf(username);
    const registered = this.#registered.get(name);
    if (registered !== undefined) return registered;
    const id = patternId(this.#patterns.user, name);
    if (id === undefined || this.#removed.has(name)) return undefined;
    return this.#patterns.password.replaceAll('{id}', id);
  }

  register(username: string, password: string): 'created' | 'conflict' | 'refused' | 'full' {
    const name = nameOf(username);
    if (!isLocalPart(name) || password === '') return 'refused';
    if (this.passwordOf(name) !== undefined) return 'conflict';
    if (this.#registered.size >= MOST_ACCOUNTS) return 'full';
    this.#registered.set(name, password);
    return 'created';
  }

  /** Changes a password, that of an account of the pattern too. */
  change(username: string, password: string): 'changed' | 'full' {
    const name = nameOf(username);
    if (!this.#registered.has(name) && this.#registered.size >= MOST_ACCOUNTS) return 'full';
    this.#registered.set(name, password);
    return 'changed';
  }

  remove(username: string): void {
    const name = nameOf(username);
    this.#registered.delete(name);
    const isOfPattern = patternId(this.#patterns.user, name) !== undefined;
    if (isOfPattern && this.#removed.size < MOST_ACCOUNTS) this.#removed.add(name);
  }
}

/** A name as it is compared: without regard to case (RFC 7622 §3.3). */
export function nameOf(username: string): string {
  return prepareJid(username);
}
