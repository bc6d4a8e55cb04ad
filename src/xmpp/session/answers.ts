import { VERSION } from '../../lib/system/version.ts';
import { usualCapabilities } from '../capabilities.ts';
import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import type { Stanza } from '../stanza.ts';
import { iq, queryElement } from '../stanzas/iq.ts';
import { NS } from '../stanzas/namespaces.ts';

const answered = new WeakSet<Stanza>();

/** Answers a request that later handlers and waits still receive; the session does not answer it a second time. */
export function answerNow(session: { send(answer: Element): Promise<void> }, asked: Stanza): void {
  answered.add(asked);
  session.send(iq.result(asked)).catch(() => {});
}

/** Whether a request was answered by {@link answerNow}. */
export function isAnswered(asked: Stanza): boolean {
  return answered.has(asked);
}

/**
 * The client's answer to a request that no handler and no wait has taken. Each `get` and `set` must be
 * answered (RFC 6120 §8.2.3), and servers that ping their clients disconnect those that stay silent (XEP-0199
 * §4.1).
 */
export function usualAnswer(asked: Stanza, capabilities = usualCapabilities): Element {
  const isGet = asked.type === 'get';
  switch (asked.payload?.getNS() ?? '') {
    case NS.ping:
      if (isGet) return iq.result(asked);
      break;
    case NS.roster:
      // A push (RFC 6121 §2.1.6).
      if (!isGet) return iq.result(asked);
      break;
    case NS.version:
      if (isGet) return iq.result(asked, version());
      break;
    case NS.discoInfo:
      if (isGet) return capabilities.answer(asked);
      break;
  }
  return iq.error(asked, 'cancel', 'service-unavailable');
}

/** XEP-0092 §2. */
function version(): Element {
  return queryElement(NS.version, xml('name', {}, 'amoc'), xml('version', {}, VERSION));
}
