import http from 'node:http';
import https from 'node:https';
import { AmocError } from '../../lib/errors.ts';
import { httpAddress } from './http-address.ts';
import { nodeTlsOptions } from './tls-options.ts';
import type { WireTarget } from './transport-spec.ts';

/** How long the server may keep a request when it has nothing to send (XEP-0124 §7.1). */
export const WAIT_S = 60;
/** Maximum number of requests at a time: one that waits, one that sends (XEP-0124 §7.2: `hold` + 1). */
export const MAX_REQUESTS = 2;

/** Maximum size of an answer in bytes, for any number of stanzas; two of the longest fit in any case. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Maximum number of redirects to other servers before a session begins. */
const MAX_REDIRECTS = 3;
/** A server that has answered nothing for this long is gone. */
const MAX_SILENCE_S = WAIT_S + 30;

/** Is called for what happens to requests. */
export interface RequestOwner {
  /** A request is being written. */
  sending(): void;
  /** The system has accepted the request that was written last. */
  accepted(): void;
  /** A request failed, and so has the session. */
  failed(error: Error): void;
}

/** The HTTP requests of one BOSH session: they share two connections, and follow redirects until it has begun. */
export class BoshRequests {
  /** Set when the session has begun: its server is then the one that has answered. */
  hasBegun = false;
  readonly #owner: RequestOwner;
  readonly #isSecure: boolean;
  readonly #agent: http.Agent;
  readonly #maxAnswerBytes: number;
  #url: URL;
  #host: string;
  #redirects = 0;
  #isClosed = false;

  constructor(target: WireTarget, owner: RequestOwner) {
    const { isDirect, localAddress, tls, limits } = target;
    const { url, hostHeader } = httpAddress(target, 'http');
    this.#owner = owner;
    this.#isSecure = isDirect;
    this.#url = url;
    this.#host = hostHeader;
    this.#maxAnswerBytes = Math.max(MAX_ANSWER_BYTES, 2 * limits.stanzaBytes);
    const options = {
      keepAlive: true,
      maxSockets: MAX_REQUESTS,
      autoSelectFamily: false,
      ...(localAddress === undefined ? {} : { localAddress }),
    };
    this.#agent = isDirect
      ? new https.Agent({ ...options, ...nodeTlsOptions(tls) })
      : new http.Agent(options);
  }

  /** Sends a request; `answered` is called with a complete answer of status 200. */
  post(body: string, answered: (answer: Buffer) => void): void {
    this.#post(body, false, answered);
  }

  /** Drops all connections. */
  close(): void {
    this.#isClosed = true;
    this.#agent.destroy();
  }

  #post(body: string, isAgain: boolean, answered: (answer: Buffer) => void): void {
    this.#owner.sending();
    const request = (this.#isSecure ? https : http).request(this.#url, {
      agent: this.#agent,
      method: 'POST',
      headers: {
        'content-type': 'text/xml; charset=utf-8',
        'content-length': Buffer.byteLength(body),
        host: this.#host,
      },
    });
    request.setTimeout(MAX_SILENCE_S * 1000, () => {
      const text = `the server did not answer a BOSH request in ${MAX_SILENCE_S} s`;
      request.destroy(new AmocError('CONNECTION', text));
    });
    request.once('finish', () => this.#owner.accepted());
    request.once('response', (response) => {
      this.#read(response, (answer) => {
        if (response.statusCode === 200) answered(answer);
        else if (this.#isRedirected(response)) this.#post(body, false, answered);
        else {
          const status = response.statusCode;
          const text = `the server answered HTTP ${status} to BOSH`;
          this.#owner.failed(new AmocError('CONNECTION', text));
        }
      });
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      // The server closed a kept connection just when it was used again (XEP-0124 §14.1).
      if (request.reusedSocket && error.code === 'ECONNRESET' && !isAgain && !this.#isClosed) {
        this.#post(body, true, answered);
      } else this.#owner.failed(error);
    });
    request.end(body);
  }

  #read(response: http.IncomingMessage, done: (answer: Buffer) => void): void {
    const parts: Buffer[] = [];
    let length = 0;
    response.on('data', (part: Buffer) => {
      parts.push(part);
      length += part.length;
      if (length <= this.#maxAnswerBytes) return;
      const text = `the server answered more than ${this.#maxAnswerBytes} bytes to BOSH`;
      response.destroy(new AmocError('CONNECTION', text));
    });
    response.on('error', (error) => this.#owner.failed(error));
    response.once('end', () => done(Buffer.concat(parts)));
  }

  /**
   * Follows a redirect, if the session has yet to begin and the protocol stays the same.
   *
   * @returns whether it does
   */
  #isRedirected({ statusCode, headers }: http.IncomingMessage): boolean {
    const { location } = headers;
    const isMoved = statusCode === 307 || statusCode === 308;
    if (!isMoved || location === undefined || this.hasBegun) return false;
    if (++this.#redirects > MAX_REDIRECTS || !URL.canParse(location, this.#url.href)) return false;
    const there = new URL(location, this.#url);
    if (there.protocol !== this.#url.protocol) return false;
    this.#url = there;
    this.#host = there.host;
    return true;
  }
}
