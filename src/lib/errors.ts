import { cutText } from './text/bounded-json.ts';
import { cut } from './text/foreign-text.ts';
import { quote } from './text/quote.ts';

/** Every code that an {@link AmocError} can carry. A literal, so that callers can switch over it. */
export type AmocErrorCode =
  | 'ARGUMENT'
  | 'AUTHENTICATION'
  | 'BLOCKED'
  | 'BUSY'
  | 'COMPILE'
  | 'CONFIG'
  | 'CONNECTION'
  | 'EVICTED'
  | 'FILE'
  | 'NAME_TAKEN'
  | 'NO_NODES'
  | 'NO_RUN'
  | 'NODE_LOST'
  | 'PREFLIGHT'
  | 'PROTOCOL'
  | 'REMOVED'
  | 'SCENARIO'
  | 'STANZA'
  | 'SYNTAX'
  | 'TIMEOUT';

/**
 * An error that is meant to be read by a person: the message says what happened, to what, and what
 * to do next. The console prints its message without a stack trace.
 */
export class AmocError extends Error {
  override readonly name: string = 'AmocError';
  readonly code: AmocErrorCode;

  constructor(code: AmocErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The system's code of an error (`ECONNREFUSED`, `ENOENT` …), or `undefined`. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The error for an address that could not be listened on, made from the system's error. */
export function listenError(host: string, port: number, cause: unknown): AmocError {
  const why = systemCode(cause) === 'EADDRINUSE' ? 'is taken by another program' : messageOf(cause);
  return new AmocError('CONNECTION', `port ${port} of ${host} ${why}`, { cause });
}

/** A longer message or stack of an error is cut: it may be a server's answer of megabytes. */
const MAX_MESSAGE_LENGTH = 16_000;
const MAX_NAME_LENGTH = 100;
/** Errors inside an AggregateError, and inside those, that a message names. */
const MAX_INNER_ERRORS = 8;

/**
 * The text to show for anything that was thrown, an `Error` or not: at most 16,000 characters, and how many
 * were cut. It never throws, whatever the value does when it is read.
 */
export function messageOf(error: unknown): string {
  try {
    return cutText(readMessage(error), MAX_MESSAGE_LENGTH);
  } catch {
    return 'an error was thrown that cannot be read';
  }
}

/**
 * The name that a thrown value is counted under: the system's code, the error's own name, or its type; at
 * most 100 characters. It never throws.
 */
export function errorName(error: unknown): string {
  try {
    return cut(readName(error), MAX_NAME_LENGTH);
  } catch {
    return 'unknown';
  }
}

/** The stack of an error, at most 16,000 characters; `undefined` where there is none. It never throws. */
export function stackOf(error: unknown): string | undefined {
  try {
    if (!(error instanceof Error)) return undefined;
    const { stack } = error as { stack?: unknown };
    return typeof stack === 'string' ? cutText(stack, MAX_MESSAGE_LENGTH) : undefined;
  } catch {
    return undefined;
  }
}

function readMessage(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    const inner = error.errors as unknown[];
    const shown = inner.slice(0, MAX_INNER_ERRORS).map((each) => {
      // An inner error that has errors of its own, perhaps itself, is not followed.
      return each instanceof AggregateError ? each.name : messageOf(each);
    });
    const more = inner.length - shown.length;
    return [...shown, ...(more > 0 ? [`${more} more`] : [])].join('; ');
  }
  if (error instanceof Error) {
    const message: unknown = error.message;
    if (message === '' || message === undefined) return readName(error);
    return typeof message === 'string' ? message : quote(message);
  }
  if (typeof error === 'string') return error;
  return `a non-Error was thrown: ${quote(error)}`;
}

function readName(error: unknown): string {
  if (error instanceof AmocError && error.name === 'AmocError') return error.code;
  if (!(error instanceof Error)) return error === null ? 'null' : typeof error;
  const name: unknown = error instanceof AmocError ? error.name : (systemCode(error) ?? error.name);
  return typeof name === 'string' && name !== '' ? name : 'Error';
}
