import { AmocError } from '../../lib/errors.ts';
import { quote } from '../../lib/text/quote.ts';
import { VERSION } from '../../lib/system/version.ts';
import type { HttpMessage } from './client.ts';
import { placeOf } from './url.ts';

/** What a request carries. */
export interface HttpContent {
  headers?: Readonly<Record<string, string>>;
  /** Sent as it is; a text in UTF-8. */
  body?: string | Uint8Array;
  /** Sent as JSON, in place of `body`. */
  json?: unknown;
}

const METHOD = /^[A-Z][A-Z-]{0,19}$/;
/** RFC 9110 §5.1, §5.5. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Headers that say how the connection is used, which is the client's to decide. */
const ownHeaders = ['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'upgrade'];

/**
 * Puts a request together.
 *
 * @throws {AmocError} `ARGUMENT` for what HTTP does not allow
 */
export function makeMessage(method: string, url: URL, content: HttpContent): HttpMessage {
  if (!METHOD.test(method)) {
    throw new AmocError('ARGUMENT', `http: invalid method ${quote(method)}; use GET, POST, PUT …`);
  }
  const headers: Record<string, string> = { 'user-agent': `amoc/${VERSION}` };
  for (const [given, value] of Object.entries(content.headers ?? {})) {
    const name = given.toLowerCase();
    if (!HEADER_NAME.test(name) || ownHeaders.includes(name)) {
      throw new AmocError('ARGUMENT', `http: a request cannot have the header ${quote(given)}`);
    }
    // The value may be a secret.
    if (!HEADER_VALUE.test(value)) {
      throw new AmocError(
        'ARGUMENT',
        `http: the value of the header ${name} has characters that HTTP forbids`,
      );
    }
    headers[name] = value;
  }
  const body = bodyOf(content, headers);
  const { username, password } = url;
  if (username !== '' || password !== '') {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    headers['authorization'] ??= `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return { method, url: withoutUser(url), headers, body };
}

function bodyOf({ body, json }: HttpContent, headers: Record<string, string>): HttpMessage['body'] {
  if (json === undefined) return body;
  if (body !== undefined) throw new AmocError('ARGUMENT', 'http: give body or json, not both');
  headers['content-type'] ??= 'application/json';
  const text = JSON.stringify(json) as string | undefined;
  if (text !== undefined) return text;
  throw new AmocError('ARGUMENT', 'http: json must be a value that JSON can express');
}

/**
 * The request to which a redirect leads (RFC 9110 §15.4); `undefined` when the answer is no redirect. What proves
 * who the user is stays with the server that it was meant for.
 */
export function redirectOf(
  { method, url, headers, body }: HttpMessage,
  status: number,
  location: string | undefined,
): HttpMessage | undefined {
  if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  if (!URL.canParse(location, url.href)) return undefined;
  const next = withoutUser(new URL(location, url.href));
  if (next.protocol !== 'http:' && next.protocol !== 'https:') return undefined;
  const isGet = (status === 303 && method !== 'HEAD') || (status < 303 && method === 'POST');
  const dropped = [
    ...(next.origin === url.origin ? [] : ['authorization', 'cookie', 'proxy-authorization']),
    ...(isGet ? ['content-type'] : []),
  ];
  const kept = Object.entries(headers).filter(([name]) => !dropped.includes(name));
  return {
    method: isGet ? 'GET' : method,
    url: next,
    headers: Object.fromEntries(kept),
    body: isGet ? undefined : body,
  };
}

/** How many bytes a body has. */
export function bodyLength(body: HttpMessage['body']): number {
  return body === undefined ? 0 : Buffer.byteLength(body);
}

/** A request as errors name it: `GET http://example.org/x`. */
export function describe({ method, url }: HttpMessage): string {
  return `${method} ${placeOf(url)}`;
}

/** A request or an answer as a trace shows it. */
export function traceText(
  line: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: string | Uint8Array | undefined,
): string {
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => `${name}: ${each}`),
  );
  const text = typeof body === 'string' ? body : Buffer.from(body ?? '').toString('utf8');
  return [line, ...fields, ...(text === '' ? [] : ['', text])].join('\n');
}

function withoutUser(url: URL): URL {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  return plain;
}
