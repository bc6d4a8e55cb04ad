import { AmocError } from '../../lib/errors.ts';
import { formatMs, toMs } from '../../lib/time/duration.ts';
import type { Duration } from '../../lib/time/duration.ts';
import type { UserHost } from '../driver.ts';
import type { HttpAnswer, HttpMessage } from './client.ts';
import { HttpError } from './http-error.ts';
import { describe, makeMessage, redirectOf, traceText } from './message.ts';
import type { HttpContent } from './message.ts';
import { HttpResponse } from './response.ts';
import type { HttpRun } from './run.ts';
import { resolveUrl } from './url.ts';

/** Options of a request. */
export interface HttpRequestOptions extends HttpContent {
  /** From the start to the last byte of the answer, redirects included. @default the setting `httpTimeout` */
  timeout?: Duration;
  /** How many redirects to follow. @default 0: an answer that redirects is an answer */
  redirects?: number;
  /** A name for the figures, in place of URLs, which are too many: `login`. */
  name?: string;
  /** When the request should have begun, by `performance.now()`, as `user.every` gives it: a delay counts too. */
  since?: number;
}

/**
 * HTTP for one user. Every request is timed and counted, and ends when the user is removed by force, when its
 * `start` ends, or at its time-out. An answer with an error status is an answer.
 */
export interface HttpUser {
  /** @throws {HttpError} (as a rejection) when there is no complete answer; {@link HttpUser.request} has the rest */
  get(url: string | URL, options?: HttpRequestOptions): Promise<HttpResponse>;
  post(url: string | URL, options?: HttpRequestOptions): Promise<HttpResponse>;
  put(url: string | URL, options?: HttpRequestOptions): Promise<HttpResponse>;
  delete(url: string | URL, options?: HttpRequestOptions): Promise<HttpResponse>;
  /**
   * Sends a request.
   *
   * @param method as in `PATCH`
   * @param url absolute, or relative to the setting `httpBase`
   * @throws {HttpError} (as a rejection) when there is no complete answer: `CONNECTION`, `TIMEOUT`, `PROTOCOL`
   * @throws {AmocError} (as a rejection) `ARGUMENT` for an invalid URL, method, header or body
   */
  request(method: string, url: string | URL, options?: HttpRequestOptions): Promise<HttpResponse>;
}

const MAX_REDIRECTS = 20;

/** The {@link HttpUser} of a user in the pool. */
export class HttpFacet implements HttpUser {
  readonly #run: HttpRun;
  readonly #host: UserHost;

  constructor(run: HttpRun, host: UserHost) {
    this.#run = run;
    this.#host = host;
  }

  get(url: string | URL, options?: HttpRequestOptions): Promise<HttpResponse> {
    return this.request('GET', url, options);
  }

  post(url: string | URL, options?: HttpRequestOptions): Promise<HttpResponse> {
    return this.request('POST', url, options);
  }

  put(url: string | URL, options?: HttpRequestOptions): Promise<HttpResponse> {
    return this.request('PUT', url, options);
  }

  delete(url: string | URL, options?: HttpRequestOptions): Promise<HttpResponse> {
    return this.request('DELETE', url, options);
  }

  async request(
    method: string,
    url: string | URL,
    options: HttpRequestOptions = {},
  ): Promise<HttpResponse> {
    const { httpBase, httpTimeout } = this.#run.settings;
    this.#host.demandPresent();
    const { redirects = 0, timeout = httpTimeout } = options;
    if (!Number.isInteger(redirects) || redirects < 0 || redirects > MAX_REDIRECTS) {
      throw new AmocError(
        'ARGUMENT',
        `http: redirects must be a whole number from 0 to ${MAX_REDIRECTS}`,
      );
    }
    const message = makeMessage(method, resolveUrl(url, httpBase), options);
    const timeoutMs = toMs(timeout);
    // Loaded before the time begins: it would count against the server.
    await this.#run.client();
    this.#host.demandPresent();
    return this.#limited(message, timeoutMs, (limits) =>
      this.#follow(message, redirects, options, limits),
    );
  }

  /** Ends work at its time-out, and with the user. */
  async #limited(
    message: HttpMessage,
    timeoutMs: number,
    work: (limits: Limits) => Promise<HttpResponse>,
  ): Promise<HttpResponse> {
    const host = this.#host;
    const abort = new AbortController();
    const limits: Limits = { signal: abort.signal, why: undefined };
    const end = (why: Error): void => {
      limits.why ??= why;
      abort.abort();
    };
    const close = (): void => end(host.isRemoved() ? host.removal() : leftBehind(message));
    const cancel = this.#run.context.schedule(timeoutMs, () => end(tooSlow(message, timeoutMs)));
    host.hold(close);
    try {
      return await work(limits);
    } finally {
      cancel();
      host.release(close);
    }
  }

  async #follow(
    first: HttpMessage,
    redirects: number,
    { name, since }: HttpRequestOptions,
    limits: Limits,
  ): Promise<HttpResponse> {
    let message = first;
    for (let left = redirects; ; left--) {
      const began = message === first ? (since ?? performance.now()) : performance.now();
      const answer = await this.#exchange(message, limits);
      this.#run.countAnswer(message, answer, answer.endedAt - began, name);
      const response = new HttpResponse(answer, describe(message));
      const next = redirectOf(message, answer.status, response.header('location'));
      if (redirects === 0 || next === undefined) return response;
      if (left === 0) {
        throw new HttpError('other', describe(first), `more than ${redirects} redirects`);
      }
      message = next;
    }
  }

  async #exchange(message: HttpMessage, limits: Limits): Promise<HttpAnswer> {
    const run = this.#run;
    const client = await run.client();
    this.#trace('out', `${message.method} ${message.url.href}`, message.headers, message.body);
    run.countSent(message);
    const { signal } = limits;
    try {
      const bounds = { bodyBytes: run.settings.httpBodyBytes, signal };
      const answer = await client.exchange(message, describe(message), bounds);
      this.#trace('in', String(answer.status), answer.headers, answer.body);
      return answer;
    } catch (thrown) {
      const error = limits.why ?? thrown;
      // A request that ends with its user says nothing about the server.
      if (error instanceof HttpError) run.countFailure(error);
      throw error;
    }
  }

  #trace(
    direction: 'in' | 'out',
    line: string,
    headers: HttpAnswer['headers'],
    body: HttpMessage['body'],
  ): void {
    this.#host.watcher?.(direction, traceText(line, headers, body));
  }
}

/** What ends a request, and the error that this is, once it has happened. */
interface Limits {
  readonly signal: AbortSignal;
  why: Error | undefined;
}

function tooSlow(message: HttpMessage, timeoutMs: number): HttpError {
  const text = `no complete answer within ${formatMs(timeoutMs)}`;
  return new HttpError('timeout', describe(message), text);
}

function leftBehind(message: HttpMessage): AmocError {
  const text = `${describe(message)}: the user's start() ended before the answer had come`;
  return new AmocError('CONNECTION', text);
}
