import { prepareJid } from '../jid.ts';
import { isLocalPart } from './address.ts';
import { patternId } from './pattern.ts';

/** Maximum number of registered accounts; a further registration gets `resource-constraint`. */
const MAX_ACCOUNTS = 1_000_000;

/** Accounts that exist without registration: those of the console's own users. */
export interface AccountPatterns {
  /** `user_{id}` */
  user: string;
  /** `password_{id}` */
  password: string;
}

/** The accounts that may log in: all whose name fits the pattern, and all registered ones. In memory. */
export class Accounts {
  readonly #patterns: AccountPatterns;
  readonly #registered = new Map<string, string>();
  /** Cancelled accounts of the pattern (XEP-0077 §3.2); beyond `MAX_ACCOUNTS` a cancelled account stays. */
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
    if (this.#registered.size >= MAX_ACCOUNTS) return 'full';
    this.#registered.set(name, password);
    return 'created';
  }

  /** Changes a password, also that of an account of the pattern. */
  change(username: string, password: string): 'changed' | 'full' {
    const name = nameOf(username);
    if (!this.#registered.has(name) && this.#registered.size >= MAX_ACCOUNTS) return 'full';
    this.#registered.set(name, password);
    return 'changed';
  }

  remove(username: string): void {
    const name = nameOf(username);
    this.#registered.delete(name);
    const isOfPattern = patternId(this.#patterns.user, name) !== undefined;
    if (isOfPattern && this.#removed.size < MAX_ACCOUNTS) this.#removed.add(name);
  }
}

/** A name in the form in which names are compared: without regard to case (RFC 7622 §3.3). */
export function nameOf(username: string): string {
  return prepareJid(username);
}
