import { readFileSync } from 'node:fs';
import type * as Undici from 'undici';
import type { Dispatcher } from 'undici';
import { AmocError, messageOf } from '../../lib/errors.ts';
import { HttpError, httpErrorOf } from './http-error.ts';
import type { HttpSettings } from './settings.ts';

/** An idle connection is closed after this time, when the server does not say another one. */
const KEEP_ALIVE_MS = 10_000;
/** A server may ask for connections to be kept longer, up to this. */
const MAX_KEEP_ALIVE_MS = 600_000;
const MAX_HEADER_BYTES = 65_536;
/** Servers that one process keeps connections to; more are an error of the scenario. */
const MAX_ORIGINS = 10_000;

/** A request, ready to be sent. */
export interface HttpMessage {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

/** An answer, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
  /** When its last byte had come, by `performance.now()`. */
  readonly endedAt: number;
}

/** What {@link HttpClient.exchange} keeps to. */
export interface ExchangeLimits {
  readonly bodyBytes: number;
  /** Ends the exchange at once. */
  readonly signal: AbortSignal;
}

/** The connections that all users of a process share: undici's agents, which keep them alive. */
export class HttpClient {
  readonly #agent: Dispatcher;
  readonly #send: typeof Undici.request;
  /** How many connections are open. */
  open = 0;
  /** Called when {@link open} changes. */
  onChange: () => void = () => {};

  private constructor(undici: typeof Undici, settings: HttpSettings) {
    const { httpConnections, httpTlsVerify, httpTlsCa } = settings;
    const ca = readCa(httpTlsCa);
    const agent = new undici.Agent({
      connections: httpConnections === 0 ? null : httpConnections,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: MAX_KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      maxOrigins: MAX_ORIGINS,
      // The request's own time-out is the one that counts.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        rejectUnauthorized: httpTlsVerify,
        timeout: 0,
        ...(ca === undefined ? {} : { ca }),
      },
    });
    agent.on('connect', () => this.#count(1));
    agent.on('disconnect', () => this.#count(-1));
    this.#agent = agent;
    this.#send = undici.request;
  }

  /** Loads undici, which takes a moment and some memory: processes whose users speak no HTTP do without. */
  static async load(settings: HttpSettings): Promise<HttpClient> {
    return new HttpClient(await import('undici'), settings);
  }

  /**
   * Sends a request and reads its answer to the end.
   *
   * @param what the request as errors name it
   * @throws {HttpError} when there is no complete answer
   */
  async exchange(
    { method, url, headers, body }: HttpMessage,
    what: string,
    { bodyBytes, signal }: ExchangeLimits,
  ): Promise<HttpAnswer> {
    try {
      const answer = await this.#send(url, {
        dispatcher: this.#agent,
        method,
        headers,
        body: body ?? null,
        signal,
      });
      const read = await readBody(answer, what, bodyBytes);
      const endedAt = performance.now();
      // undici takes the connection back in the next turn: a request that came before would open one more.
      await new Promise(setImmediate);
      const { statusCode: status } = answer;
      return { status, headers: definedHeaders(answer.headers), body: read, endedAt };
    } catch (error) {
      throw error instanceof AmocError ? error : httpErrorOf(what, error);
    }
  }

  /** Closes all connections at once. */
  close(): void {
    this.#agent.destroy().catch(() => {});
  }

  #count(change: number): void {
    this.open += change;
    this.onChange();
  }
}

/** Stops reading where the body becomes too long: neither memory nor time is spent on the rest. */
async function readBody(
  { body, headers }: Dispatcher.ResponseData,
  what: string,
  most: number,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = Number(headers['content-length'] ?? 0) > most ? most + 1 : 0;
  if (length <= most) {
    length = 0;
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      length += chunk.byteLength;
      if (length > most) break;
      chunks.push(chunk);
    }
  }
  if (length <= most) return Buffer.concat(chunks, length);
  body.on('error', () => {}).destroy();
  const text = `the body of the answer is longer than ${most} bytes; httpBodyBytes allows more`;
  throw new HttpError('too long', what, text);
}

function definedHeaders(headers: Dispatcher.ResponseData['headers']): HttpAnswer['headers'] {
  return headers as HttpAnswer['headers'];
}

function readCa(path: string): string | undefined {
  if (path === '') return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AmocError('CONFIG', `httpTlsCa: ${path} cannot be read (${messageOf(cause)})`, {
      cause,
    });
  }
}
