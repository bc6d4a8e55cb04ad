import { randomInt } from 'node:crypto';
import { AmocError } from '../../lib/errors.ts';
import { BoshRequests, MAX_REQUESTS, WAIT_S } from './bosh-requests.ts';
import { Framer } from './framer.ts';
import { StreamFault } from './frame-grammar.ts';
import type { FrameLimits } from './frame-grammar.ts';
import { attributeIn, isStreamEnd, isStreamHeader, streamHeader, withNamespace } from './framed.ts';
import { httpPort } from './http-address.ts';
import { RoundTrips } from './round-trips.ts';
import { clientService } from './transport-spec.ts';
import type { TransportSpec, WireTarget } from './transport-spec.ts';
import type { Wire, WireOwner } from './wire.ts';

const NS_HTTPBIND = 'http://jabber.org/protocol/httpbind';
/** How long to wait for an answer to a step of the login before the server is asked for it. */
const LOGIN_POLL_MS = 200;
/**
 * Minimum time that a request has been on its way before a second one follows it over the other connection.
 * ejabberd (23.01, and its source as of 2026) keeps a request that overtook another one until something else
 * comes for the client, which may never happen; and the client has no way to make it look again.
 */
const MIN_ORDER_MS = 10;
/** Maximum time that a request is held back to keep the order. */
const MAX_ORDER_MS = 1000;

/** A stream over HTTP: BOSH (XEP-0124, XEP-0206). */
export class BoshWire implements Wire {
  owner: WireOwner;
  readonly isSecure: boolean;
  readonly #requests: BoshRequests;
  readonly #domain: string;
  readonly #limits: FrameLimits;
  /** XEP-0124 §14: the requests' numbers go up by one from a random one. */
  #rid = randomInt(1, 2 ** 40);
  #sid: string | undefined;
  #queue: string[] = [];
  #isRestarting = false;
  /** Whether the last request is yet to be sent; `#hasEnded`: whether it was sent. */
  #isEnding = false;
  #hasEnded = false;
  #awaitsRestart = false;
  #underway = 0;
  /** Answers that came before those of earlier requests, by the number of their request. */
  readonly #early = new Map<number, Buffer>();
  #nextAnswer = 0;
  #flushes = false;
  /** The login is over: from now on the server sends whenever it wants. */
  #isUp = false;
  #poll: NodeJS.Timeout | undefined;
  /** When the system had accepted the last request, by `performance.now()`; infinite until it has. */
  #sentAt = Infinity;
  /** How long requests take to arrive, measured with answers that do not wait for news. */
  readonly #roundTrips = new RoundTrips(MIN_ORDER_MS, MAX_ORDER_MS);
  #inOrder: NodeJS.Timeout | undefined;
  #isOver = false;
  /**
   * For a server that keeps no request: the pause that it wants when the client has nothing to send (XEP-0124
   * §12).
   */
  #pollingMs = 0;
  #maxRequests = MAX_REQUESTS;

  constructor(target: WireTarget, owner: WireOwner) {
    this.owner = owner;
    this.isSecure = target.isDirect;
    this.#domain = target.domain;
    this.#limits = target.limits;
    this.#nextAnswer = this.#rid;
    this.#requests = new BoshRequests(target, {
      sending: () => (this.#sentAt = Infinity),
      accepted: () => {
        this.#sentAt = performance.now();
        this.#flushSoon();
      },
      failed: (error) => this.#close(error),
    });
    queueMicrotask(() => this.owner.connected());
  }

  get pending(): number {
    return this.#queue.reduce((sum, text) => sum + text.length, 0);
  }

  write(text: string): void {
    if (this.#isOver || this.#isEnding) return;
    if (isStreamHeader(text)) {
      if (this.#sid === undefined) this.#request(this.#creation(text));
      else {
        this.#isRestarting = true;
        this.#awaitsRestart = true;
        this.#flush();
      }
    } else if (isStreamEnd(text)) this.#terminate();
    else {
      this.#queue.push(withNamespace(text));
      this.#flushSoon();
    }
  }

  loggedIn(): void {
    this.#isUp = true;
    this.#flushSoon();
  }

  /**
   * Everything that is written in one turn travels in one request, in place of an empty one: two requests
   * that are sent at once over two connections may arrive in the wrong order, which ejabberd 23.01 does not
   * always survive.
   */
  #flushSoon(): void {
    if (this.#flushes) return;
    this.#flushes = true;
    setImmediate(() => {
      this.#flushes = false;
      this.#flush();
    });
  }

  restart(): void {}

  end(): void {}

  destroy(): void {
    this.#close(undefined);
  }

  #creation(header: string): string {
    const from = attributeIn(header, 'from');
    const who = from === undefined ? '' : ` from="${from}"`;
    return this.#body(
      ` to="${this.#domain}"${who} wait="${WAIT_S}" hold="1" ver="1.6" xml:lang="en" xmpp:version="1.0" xmlns:xmpp="urn:xmpp:xbosh"`,
      '',
    );
  }

  #body(attributes: string, content: string): string {
    const sid = this.#sid === undefined ? '' : ` sid="${this.#sid}"`;
    const tag = `<body xmlns="${NS_HTTPBIND}" rid="${this.#rid++}"${sid}${attributes}`;
    return content === '' ? `${tag}/>` : `${tag}>${content}</body>`;
  }

  /** Sends what waits; with nothing to send, keeps one request at the server for its answers. */
  #flush(): void {
    if (this.#isOver || this.#hasEnded) return;
    if (this.#sid === undefined || this.#underway >= this.#maxRequests) return;
    if (this.#mayOvertake()) return;
    if (this.#isRestarting) {
      this.#isRestarting = false;
      this.#request(
        this.#body(` to="${this.#domain}" xmpp:restart="true" xmlns:xmpp="urn:xmpp:xbosh"`, ''),
      );
    } else if (this.#queue.length > 0 || this.#isEnding) {
      const content = this.#queue.join('');
      this.#queue = [];
      this.#request(this.#body(this.#isEnding ? ' type="terminate"' : '', content));
      this.#hasEnded = this.#isEnding;
      this.owner.drained();
    } else if (this.#underway === 0) {
      if (!this.#isUp) this.#pollLater(LOGIN_POLL_MS);
      else if (this.#pollingMs > 0) this.#pollLater(this.#pollingMs);
      else this.#request(this.#body('', ''));
    }
  }

  /** Whether a request that is sent now could arrive before the previous one; then it is sent in a moment. */
  #mayOvertake(): boolean {
    if (this.#underway === 0) return false;
    // Once the system has accepted it, there is another flush.
    if (this.#sentAt === Infinity) return true;
    const left = this.#sentAt + this.#roundTrips.bound - performance.now();
    if (left <= 0) return false;
    this.#inOrder ??= setTimeout(() => {
      this.#inOrder = undefined;
      this.#flush();
    }, left);
    return true;
  }

  /**
   * During the login each request has its answer: an additional empty request could only overtake another
   * one. For a server that answers later, an empty request is sent after a while.
   */
  #pollLater(ms: number): void {
    clearTimeout(this.#poll);
    this.#poll = setTimeout(() => {
      if (!this.#isOver && this.#underway === 0 && this.#queue.length === 0) {
        this.#request(this.#body('', ''));
      }
    }, ms);
  }

  #terminate(): void {
    if (this.#sid === undefined) this.#close(undefined);
    else {
      this.#isEnding = true;
      this.#flush();
    }
  }

  #request(body: string): void {
    const rid = this.#rid - 1;
    this.#underway++;
    const answered = (answer: Buffer): void => {
      // A request that waits at the server is answered as soon as the next one arrives there (XEP-0124 §7.2).
      const isPrompt = !this.#isUp || this.#underway === MAX_REQUESTS;
      if (isPrompt && this.#sentAt !== Infinity) {
        this.#roundTrips.add(performance.now() - this.#sentAt);
      }
      this.#underway--;
      this.#early.set(rid, answer);
      this.#readAnswers();
    };
    this.#requests.post(body, answered);
  }

  /** Reads the answers in the order of their requests (XEP-0124 §14.2). */
  #readAnswers(): void {
    for (;;) {
      const answer = this.#early.get(this.#nextAnswer);
      if (answer === undefined || this.#isOver) break;
      this.#early.delete(this.#nextAnswer++);
      this.#readAnswer(answer);
    }
    this.#flushSoon();
  }

  #readAnswer(answer: Buffer): void {
    let isLast = false;
    let isWhole = false;
    const framer = new Framer(
      {
        opened: (tag) => {
          isLast = attributeIn(tag, 'type') === 'terminate';
          if (this.#sid === undefined) this.#begin(tag);
          else if (this.#awaitsRestart && /<(?:stream:)?features/.test(answer.toString('latin1'))) {
            // The server chooses the request that it answers with its features.
            this.#awaitsRestart = false;
            this.#opened();
          }
        },
        stanza: (text) => this.owner.stanza(text),
        ended: () => (isWhole = true),
        malformed: (error) => {
          isWhole = true;
          this.owner.malformed(error);
        },
      },
      this.#limits,
    );
    framer.push(answer);
    if (!(isWhole as boolean) && !this.#isOver) {
      this.owner.malformed(new StreamFault('an answer to BOSH that has no end'));
      return;
    }
    if (!(isLast as boolean)) return;
    const beginning = answer.toString('latin1', 0, 500);
    const condition = /\scondition=["']([^"']+)/.exec(beginning)?.[1];
    if (condition === undefined) this.owner.ended();
    this.#close(
      condition === undefined
        ? undefined
        : new AmocError('CONNECTION', `the server ended the BOSH session: ${condition}`),
    );
  }

  #begin(tag: string): void {
    this.#sid = attributeIn(tag, 'sid');
    this.#requests.hasBegun = this.#sid !== undefined;
    const polling = Number(attributeIn(tag, 'polling') ?? 0);
    if (attributeIn(tag, 'hold') === '0') this.#pollingMs = Math.min(polling, WAIT_S) * 1000 || 0;
    const requests = Number(attributeIn(tag, 'requests') ?? MAX_REQUESTS);
    this.#maxRequests = Math.max(1, Math.min(MAX_REQUESTS, requests || MAX_REQUESTS));
    this.#opened();
  }

  #opened(): void {
    this.owner.opened(
      streamHeader(` version="1.0" id="${this.#sid ?? ''}" from="${this.#domain}"`),
    );
  }

  #close(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#poll);
    clearTimeout(this.#inOrder);
    this.#queue = [];
    this.#requests.close();
    if (error !== undefined) this.owner.failed(error);
    this.owner.closed();
  }
}

/** XEP-0124, XEP-0206: XMPP over BOSH. */
export const bosh: TransportSpec = {
  title: 'BOSH',
  port: httpPort,
  tlsModes: ['none', 'direct', 'auto'],
  srv: clientService,
  http: { scheme: 'http', path: '/bosh', link: 'urn:xmpp:alt-connections:xbosh' },
  open: (target, owner) => new BoshWire(target, owner),
};
