import { AmocError, errorName, messageOf, systemCode } from '../../lib/errors.ts';
import type { AmocErrorCode } from '../../lib/errors.ts';

/** Why a request has no complete answer; the label of `http_failed_by`. */
export type HttpFailure =
  | 'refused'
  | 'unknown host'
  | 'unreachable'
  | 'tls'
  | 'cut'
  | 'timeout'
  | 'too long'
  | 'malformed'
  | 'generator'
  | 'other';

/** A request of `user.http` has no complete answer. An answer with an error status is no such error. */
export class HttpError extends AmocError {
  override readonly name = 'HttpError';
  readonly reason: HttpFailure;

  /** @param what the request, without secrets: `GET http://example.org/x` */
  constructor(reason: HttpFailure, what: string, text: string, options?: { cause?: unknown }) {
    super(codes[reason] ?? 'CONNECTION', `${what}: ${text}`, options);
    this.reason = reason;
  }
}

const codes: Partial<Record<HttpFailure, AmocErrorCode>> = {
  timeout: 'TIMEOUT',
  'too long': 'PROTOCOL',
  malformed: 'PROTOCOL',
};

/** The error of a request that ended with an error of the client or the system. */
export function httpErrorOf(what: string, cause: unknown): HttpError {
  const { reason, text } = explain(cause);
  return new HttpError(reason, what, text, { cause });
}

function explain(cause: unknown): { reason: HttpFailure; text: string } {
  const code = systemCode(cause) ?? '';
  const message = messageOf(cause);
  switch (code) {
    case 'ECONNREFUSED':
      return {
        reason: 'refused',
        text: 'the connection was refused; is the server running there?',
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        reason: 'unknown host',
        text: `the host is not known (${code}); is its name right?`,
      };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return { reason: 'unreachable', text: `no connection (${code}); is the server reachable?` };
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return { reason: 'cut', text: `the connection was cut before the answer was complete` };
    case 'EADDRNOTAVAIL':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOBUFS':
    case 'ENOMEM':
      return {
        reason: 'generator',
        text: `${code}: a limit of the load generator; see the limits in amoc doctor`,
      };
    case 'UND_ERR_HEADERS_OVERFLOW':
      return { reason: 'too long', text: 'the header of the answer is too long' };
  }
  if (errorName(cause) === 'HTTPParserError' || code.startsWith('UND_ERR_RES_')) {
    return { reason: 'malformed', text: `the answer is not HTTP (${message})` };
  }
  if (/CERT|^ERR_TLS|^ERR_SSL|^EPROTO$|^UNABLE_TO_/.test(code)) {
    return {
      reason: 'tls',
      text: `TLS failed: ${message}; httpTlsCa trusts more CAs, httpTlsVerify=false switches the check off`,
    };
  }
  return { reason: 'other', text: message };
}
