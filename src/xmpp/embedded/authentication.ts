import type { Element } from '../element.ts';
import type { Accounts } from './accounts.ts';
import { beginSasl } from './sasl.ts';
import type { SaslExchange } from './sasl.ts';
import { NS } from '../stanzas/namespaces.ts';

/** The outcome of a client's login element: a text to answer, or a successful login. */
export type LoginStep =
  | { type: 'answer'; text: string }
  | {
      type: 'success';
      username: string;
      /** The final data of the mechanism, in base64. */
      data: string | undefined;
      /** What else the client asks for, when it logs in with SASL2. */
      asked: Element | undefined;
    };

/** A login with SASL (RFC 6120 §6) or SASL2 (XEP-0388), as the client chooses. */
export class Authentication {
  readonly #accounts: Accounts;
  #exchange: SaslExchange | undefined;
  /** The SASL2 element that began the login. */
  #asked: Element | undefined;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  receive(element: Element): LoginStep {
    const xmlns = element.getNS() as string;
    const isSasl2 = xmlns === NS.sasl2;
    if (element.name === (isSasl2 ? 'authenticate' : 'auth')) {
      this.#exchange = beginSasl(String(element.attrs['mechanism']), this.#accounts);
      this.#asked = isSasl2 ? element : undefined;
      const first = isSasl2 ? element.getChildText('initial-response') : element.text();
      return this.#step(xmlns, first ?? '');
    }
    if (element.name === 'response') return this.#step(xmlns, element.text());
    this.#exchange = undefined;
    return failure(xmlns, element.name === 'abort' ? 'aborted' : 'malformed-request');
  }

  #step(xmlns: string, data: string): LoginStep {
    const exchange = this.#exchange;
    if (exchange === undefined) return failure(xmlns, 'malformed-request');
    const step = exchange(decode(data));
    if (step.type === 'challenge') {
      const text = `<challenge xmlns='${xmlns}'>${encode(step.data)}</challenge>`;
      return { type: 'answer', text };
    }
    this.#exchange = undefined;
    if (step.type === 'failure') return failure(xmlns, step.condition);
    const { username } = step;
    const last = step.data === undefined ? undefined : encode(step.data);
    return { type: 'success', username, data: last, asked: this.#asked };
  }
}

function failure(xmlns: string, condition: string): LoginStep {
  const text = `<failure xmlns='${xmlns}'><${condition} xmlns='${NS.sasl}'/></failure>`;
  return { type: 'answer', text };
}

function decode(text: string): string {
  return text === '=' ? '' : Buffer.from(text, 'base64').toString('utf8');
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
