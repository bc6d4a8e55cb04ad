import { show } from './show.ts';

/** Every code that an {@link AmocError} can carry. A literal, so that callers can switch over it. */
export type AmocErrorCode =
  | 'ARGUMENT'
  | 'AUTHENTICATION'
  | 'BUSY'
  | 'COMPILE'
  | 'CONFIG'
  | 'CONNECTION'
  | 'FILE'
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

/** The error for an address that could not be listened on, of what the system said. */
export function listenError(host: string, port: number, cause: unknown): AmocError {
  const why = systemCode(cause) === 'EADDRINUSE' ? 'is taken by another program' : messageOf(cause);
  return new AmocError('CONNECTION', `port ${port} of ${host} ${why}`, { cause });
}

/** What to show of anything that was thrown, an `Error` or not. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  if (typeof error === 'string') return error;
  return `a non-Error was thrown: ${show(error)}`;
}

/** The name that a thrown value is counted under: the system's code, the error's own name, or its type. */
export function errorName(error: unknown): string {
  if (error instanceof AmocError) return error.name === 'AmocError' ? error.code : error.name;
  if (error instanceof Error) return systemCode(error) ?? error.name;
  return error === null ? 'null' : typeof error;
}
