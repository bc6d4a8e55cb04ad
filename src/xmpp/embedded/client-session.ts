import { Acknowledgements } from './acknowledgements.ts';
import { parseElement } from '../element.ts';
import type { Element } from '../element.ts';
import type { Router } from './router.ts';
import type { Resumables } from './resumables.ts';
import type { Outlet, Resource } from './sessions.ts';
import { NS } from '../stanzas/namespaces.ts';

/** The stream that carries a session. */
export interface SessionStream {
  send(text: string): void;
  fail(condition: string, text?: string, details?: string): void;
}

const ASK = `<r xmlns='${NS.sm}'/>`;

/** A session of a client, which can outlive its stream (XEP-0198 §5). */
export class ClientSession implements Outlet {
  readonly resource: Resource;
  readonly #router: Router;
  readonly #resumables: Resumables<ClientSession>;
  /** `undefined` while the client is gone but may come back. */
  #stream: SessionStream | undefined;
  #acks: Acknowledgements | undefined;
  /** Its id, when the session can be resumed. */
  #id: string | undefined;
  #hasEnded = false;

  constructor(
    jid: string,
    router: Router,
    resumables: Resumables<ClientSession>,
    stream: SessionStream,
  ) {
    this.#router = router;
    this.#resumables = resumables;
    this.#stream = stream;
    this.resource = router.join(jid, this);
  }

  send(text: string): void {
    const acks = this.#acks;
    this.#stream?.send(text);
    if (acks === undefined || this.#hasEnded) return;
    if (!acks.keep(text)) {
      this.fail('policy-violation', 'too many stanzas without an acknowledgement');
    } else if (!acks.isAsking && this.#stream !== undefined) {
      acks.isAsking = true;
      this.#stream.send(ASK);
    }
  }

  fail(condition: string, text?: string, details?: string): void {
    const stream = this.#stream;
    this.#stream = undefined;
    this.end();
    stream?.fail(condition, text, details);
  }

  /** Receives a stanza of the client. */
  receive(stanza: Element): void {
    this.#acks?.countReceived();
    this.#router.route(stanza, this.resource);
  }

  /** Enables stream management (XEP-0198 §3). @returns the answer */
  enable(asked: Element): string {
    if (this.#acks !== undefined) return smFailed('unexpected-request');
    this.#acks = new Acknowledgements();
    if (!isYes(asked.attrs['resume'])) return `<enabled xmlns='${NS.sm}'/>`;
    this.#id = this.#resumables.add(this);
    const seconds = Math.ceil(this.#resumables.keptMs / 1000);
    return `<enabled xmlns='${NS.sm}' id='${this.#id}' resume='true' max='${seconds}'/>`;
  }

  /** Handles `<r/>` and `<a/>` (XEP-0198 §4). */
  manage(element: Element): void {
    const acks = this.#acks;
    if (acks === undefined) {
      this.#stream?.send(smFailed('unexpected-request'));
    } else if (element.name === 'r') {
      this.#stream?.send(`<a xmlns='${NS.sm}' h='${acks.received}'/>`);
    } else {
      this.#acknowledge(acks, Number(element.attrs['h'] ?? NaN));
    }
  }

  /** The connection broke: a session that can be resumed waits for its client. */
  detach(stream: SessionStream): void {
    if (this.#stream !== stream || this.#hasEnded) return;
    this.#stream = undefined;
    if (this.#id === undefined || !this.#resumables.wait(this.#id, this)) this.end();
  }

  /**
   * Continues over another stream.
   *
   * @param answer answers the client, with the number of stanzas that were received from it
   * @returns whether the client's count can be right
   */
  resume(stream: SessionStream, count: number, answer: (received: number) => void): boolean {
    const acks = this.#acks;
    if (acks === undefined || !acks.acknowledge(count)) {
      this.fail('undefined-condition', 'the client acknowledged more than was sent');
      return false;
    }
    const before = this.#stream;
    this.#stream = stream;
    before?.fail('conflict', 'resumed by another stream');
    answer(acks.received);
    for (const text of acks.unacked) stream.send(text);
    acks.isAsking = acks.unacked.length > 0;
    if (acks.isAsking) stream.send(ASK);
    return true;
  }

  /** The client has closed its stream. */
  leave(stream: SessionStream): void {
    if (this.#stream === stream) this.end();
  }

  /** Ends the session. Messages that the client did not acknowledge go where messages to its account go. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stream = undefined;
    if (this.#id !== undefined) this.#resumables.remove(this.#id);
    this.#router.leave(this.resource);
    for (const text of this.#acks?.unacked ?? []) {
      if (text.startsWith('<message')) this.#router.redeliver(parseElement(text));
    }
  }

  #acknowledge(acks: Acknowledgements, count: number): void {
    if (!acks.acknowledge(count)) {
      const details = `<handled-count-too-high xmlns='${NS.sm}' h='${count}' send-count='${acks.sent}'/>`;
      this.fail('undefined-condition', 'the client acknowledged more than was sent', details);
    } else if (acks.unacked.length > 0 && this.#stream !== undefined) {
      acks.isAsking = true;
      this.#stream.send(ASK);
    }
  }
}

/** The answer to a refused request (XEP-0198 §3, §5). */
export function smFailed(condition: string): string {
  return `<failed xmlns='${NS.sm}'><${condition} xmlns='${NS.stanzas}'/></failed>`;
}

function isYes(value: unknown): boolean {
  return value === 'true' || value === '1';
}
