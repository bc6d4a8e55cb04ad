import type { Place, ServerName, Transport } from './place.ts';

/** One behaviour that a client sees. */
export interface Row {
  /** What happens, as a sentence without its subject's name: 'a message to a full JID arrives there'. */
  readonly what: string;
  /** Where that is written: 'RFC 6121 §8.5.3', 'XEP-0045 §7.2'. */
  readonly spec: string;
  /** @default TCP alone */
  readonly over?: readonly Transport[];
  /** Servers on which it is otherwise. */
  readonly differs?: Partial<Record<ServerName, Difference>>;
  /** Fails when it is not so. */
  readonly check: (place: Place) => Promise<void>;
}

/** How a server differs. */
export interface Difference {
  /** 'has no rooms', as the end of a sentence about the server. */
  readonly why: string;
  /** What happens there in place of it; left out where there is nothing to look at. */
  readonly check?: (place: Place) => Promise<void>;
}

/** The same difference on several servers. */
export function on(
  names: readonly ServerName[],
  difference: Difference,
): Partial<Record<ServerName, Difference>> {
  return Object.fromEntries(names.map((name) => [name, difference]));
}
