import { escapeXml } from '../element.ts';
import { bareJid } from '../jid.ts';

/** A client's stream, as the server uses it. */
export interface Outlet {
  /** Sends a stanza, as XML text, to the client. */
  send(text: string): void;
  /** Ends the stream with an error of RFC 6120 §4.9.3. */
  fail(condition: string, text?: string): void;
}

/** A client that is logged in. */
export interface Resource {
  /** The full JID. */
  readonly jid: string;
  /** Its bare JID. */
  readonly account: string;
  readonly outlet: Outlet;
  /** The last available presence as XML text without `to`; `undefined` while it is not available. */
  presence: string | undefined;
  priority: number;
  /** The client has requested the roster, so it gets the changes (RFC 6121 §2.1.6). */
  wantsPushes: boolean;
  /** Full and bare JIDs that it sent available presence to, in addition to its contacts (RFC 6121 §4.6.1). */
  readonly directed: Set<string>;
}

const noResources: ReadonlyMap<string, Resource> = new Map();

/** The clients that are logged in. */
export class Sessions {
  readonly #accounts = new Map<string, Map<string, Resource>>();

  /** @returns the resource with the same full JID that this one replaces */
  add(resource: Resource): Resource | undefined {
    const { jid, account } = resource;
    const own = this.#accounts.get(account) ?? new Map<string, Resource>();
    this.#accounts.set(account, own);
    const before = own.get(jid);
    own.set(jid, resource);
    return before;
  }

  /** @returns whether it was present, and had not been replaced */
  remove(resource: Resource): boolean {
    const { jid, account } = resource;
    const own = this.#accounts.get(account);
    if (own === undefined || own.get(jid) !== resource) return false;
    own.delete(jid);
    if (own.size === 0) this.#accounts.delete(account);
    return true;
  }

  get(jid: string): Resource | undefined {
    return this.#accounts.get(bareJid(jid))?.get(jid);
  }

  has(resource: Resource): boolean {
    return this.#accounts.get(resource.account)?.get(resource.jid) === resource;
  }

  /** All resources of an account. */
  of(account: string): Iterable<Resource> {
    return (this.#accounts.get(account) ?? noResources).values();
  }

  available(account: string): Resource[] {
    return [...this.of(account)].filter(({ presence }) => presence !== undefined);
  }

  /**
   * The resources that get the account's messages: the highest priority, if not negative (RFC 6121 §8.5.2.1).
   */
  preferred(account: string): Resource[] {
    const candidates = this.available(account).filter(({ priority }) => priority >= 0);
    const highest = Math.max(...candidates.map(({ priority }) => priority));
    return candidates.filter(({ priority }) => priority === highest);
  }
}

/** Addresses a stanza that is kept without `to` to one receiver. */
export function addressedTo(jid: string, stanza: string): string {
  const end = stanza.indexOf(' ');
  return `${stanza.slice(0, end)} to="${escapeXml(jid)}"${stanza.slice(end)}`;
}
