import { AmocError, messageOf } from '../../lib/errors.ts';
import type { HttpAnswer } from './client.ts';

/** The answer to a request, read to its end. */
export class HttpResponse {
  readonly status: number;
  /** By name, in small letters; a header that came several times is a list. */
  readonly headers: HttpAnswer['headers'];
  readonly body: Uint8Array;
  readonly #what: string;

  /** @internal */
  constructor({ status, headers, body }: HttpAnswer, what: string) {
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.#what = what;
  }

  /** Whether the status is 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** A header; of one that came several times, the first. */
  header(name: string): string | undefined {
    const key = name.toLowerCase();
    const value = Object.hasOwn(this.headers, key) ? this.headers[key] : undefined;
    return typeof value === 'string' ? value : value?.[0];
  }

  /** The body as UTF-8. */
  text(): string {
    return Buffer.from(this.body.buffer, this.body.byteOffset, this.body.byteLength).toString(
      'utf8',
    );
  }

  /**
   * The body as JSON.
   *
   * @throws {AmocError} `PROTOCOL` when it is not JSON
   */
  json(): unknown {
    try {
      return JSON.parse(this.text()) as unknown;
    } catch (cause) {
      const text = `${this.#what}: the answer (${this.status}) is not JSON: ${messageOf(cause)}`;
      throw new AmocError('PROTOCOL', text, { cause });
    }
  }
}
