import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iq } from './iq.ts';
import { NS } from './namespaces.ts';

/** One step of a command. */
export interface CommandStep {
  /** The session id of the first answer. */
  sessionId?: string;
  action?: 'execute' | 'next' | 'prev' | 'complete' | 'cancel';
  /** A filled-in form: `forms.submit(…)`. */
  payload?: Element;
}

/** Runs a command (XEP-0050 §3). */
export function command(to: string, node: string, step: CommandStep = {}): Element {
  const { sessionId, action = 'execute', payload } = step;
  const attributes = { xmlns: NS.adhoc, node, action, sessionid: sessionId };
  const element =
    payload === undefined ? xml('command', attributes) : xml('command', attributes, payload);
  return iq('set', element, to);
}

/** Asks which commands exist (XEP-0050 §2.2). */
export function list(to: string): Element {
  return iq('get', xml('query', { xmlns: NS.discoItems, node: NS.adhoc }), to);
}
