import type { MetricsRegistry } from '../../metrics/metrics.ts';
import type { SessionObserver } from '../session/session-parts.ts';

/** The part of a client of `@xmpp/client` that is used. */
export interface ForeignClient {
  on(event: string, listener: (...values: never[]) => void): unknown;
  stop(): Promise<unknown>;
}

interface NamedElement {
  name: string;
  toString(): string;
}

/**
 * Counts what a client of the library does.
 *
 * @returns a function that stops the client
 */
export function followClient(
  client: ForeignClient,
  metrics: MetricsRegistry,
  observer: SessionObserver,
): () => Promise<unknown> {
  let isOver = false;
  let isOnline = false;
  client.on('online', () => {
    isOnline = true;
    metrics.counter('connections').add();
  });
  client.on('send', (element: NamedElement) =>
    count(element, (name, length) => observer.sent(name, length)),
  );
  client.on('stanza', (element: NamedElement) =>
    count(element, (name, length) => observer.received(name, length)),
  );
  client.on('disconnect', () => {
    if (isOnline && !isOver) observer.lost('closed', '');
    isOnline = false;
  });
  // Without a listener, the library's errors would end the process with all of its users.
  client.on('error', () => {
    if (!isOnline && !isOver) metrics.counter('connection_failures').add();
  });
  return async () => {
    isOver = true;
    await client.stop();
  };
}

function count(element: NamedElement, tell: SessionObserver['sent']): void {
  const { name } = element;
  if (name === 'message' || name === 'presence' || name === 'iq') {
    tell(name, element.toString().length);
  }
}
