import xml from '@xmpp/xml';
import type { Element } from '@xmpp/xml';

export type { Element };

/** What may be sent: an element, or XML text that is sent as it is. */
export type Stanza = Element | string;

/** Builds an element: `xml('message', { to }, xml('body', {}, 'hi'))`. */
export { xml };

let sequence = 0;

/** A stanza id that is unique in this process. */
export function stanzaId(): string {
  sequence = (sequence + 1) % 0x7fffffff;
  return `a${sequence.toString(36)}`;
}

/** Milliseconds since the epoch with a fraction: the stamp of {@link stampedId}. */
function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * An id that carries the time of its making. Servers pass a message's id on, so the receiver can
 * tell the time to delivery without an element more in the stanza.
 */
export function stampedId(): string {
  return `amoc-${Math.round(wallClockMs() * 1000).toString(36)}-${stanzaId()}`;
}

/** Milliseconds since a {@link stampedId} was made; `undefined` for other ids. */
export function ageOf(id: string | undefined): number | undefined {
  if (id?.startsWith('amoc-') !== true) return undefined;
  const end = id.indexOf('-', 5);
  const stamp = Number.parseInt(id.slice(5, end), 36);
  return end < 0 || Number.isNaN(stamp) ? undefined : wallClockMs() - stamp / 1000;
}
