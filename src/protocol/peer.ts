import type { z } from 'zod';
import { deferred } from '../lib/time/async.ts';
import type { Deferred } from '../lib/time/async.ts';
import type { Clock } from '../lib/time/clock.ts';
import { AmocError, errorName, messageOf, stackOf } from '../lib/errors.ts';
import { cut } from '../lib/text/foreign-text.ts';
import type { AmocErrorCode } from '../lib/errors.ts';
import { isNestedBeyond } from '../lib/text/json-nesting.ts';
import { MAX_FRAME_BYTES, MAX_NESTING, masterMessage, requests, slaveMessage } from './messages.ts';
import type {
  MasterMessage,
  Operation,
  Params,
  Result,
  SlaveMessage,
  WireError,
} from './messages.ts';
import type { Transport } from './transport.ts';

/** The master's answer to a beat. */
export type BeatAnswer = Extract<MasterMessage, { type: 'beat' }>;

/** Maximum number of unanswered requests on one connection. */
const MOST_PENDING = 10_000;
/** In characters; a longer frame is checked before it is parsed. */
const SHORT_FRAME = 64 * 1024;
/** Maximum length of the place of a fault in a message, and of its reason. */
const MAX_PATH_LENGTH = 100;

/** An error that the other side reported, with its stack there. */
export class RemoteError extends AmocError {
  override readonly name: string;
  readonly remoteStack: string | undefined;

  constructor(error: WireError) {
    super((error.code ?? 'SCENARIO') as AmocErrorCode, error.message);
    this.name = error.name;
    this.remoteStack = error.stack;
  }
}

interface Pending {
  operation: Operation;
  deferred: Deferred<unknown>;
  cancelTimeout: () => void;
}

/**
 * The master's end of an authenticated connection: sends requests, and hears what the slave sends by itself.
 */
export class MasterPeer {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #closed: string | undefined;
  /** Called with each message that is not a reply. */
  onMessage: (message: Exclude<SlaveMessage, { type: 'reply' | 'failure' }>) => void = () => {};
  /** Called once. */
  onClose: (reason: string) => void = () => {};
  /** Called with the reason why a message was refused, before the connection is closed for it. */
  onFault: (error: unknown) => void = () => {};

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
    transport.onFrame = (frame) => this.#receive(frame);
    transport.onClose = (reason) => this.#close(reason);
  }

  /**
   * Sends a request to the slave.
   *
   * @throws {RemoteError} the error with which the slave failed
   * @throws {AmocError} `TIMEOUT` after `timeoutMs`, `NODE_LOST` when the connection ends before the answer
   */
  async request<O extends Operation>(
    operation: O,
    params: Params<O>,
    timeoutMs: number,
  ): Promise<Result<O>> {
    if (this.#closed !== undefined) throw lost(this.#closed);
    if (this.#pending.size >= MOST_PENDING) {
      throw new AmocError(
        'BUSY',
        `${MOST_PENDING} requests to ${this.#transport.remote} are waiting already`,
      );
    }
    const id = this.#nextId++;
    const answer = deferred<unknown>();
    const cancelTimeout = this.#clock.schedule(timeoutMs, () => {
      this.#pending.delete(id);
      answer.reject(
        new AmocError('TIMEOUT', `no answer to '${operation}' within ${timeoutMs / 1000} s`),
      );
    });
    this.#pending.set(id, { operation, deferred: answer, cancelTimeout });
    this.#send({ type: 'request', id, operation, params });
    return (await answer.promise) as Result<O>;
  }

  /** Sends a message that has no answer. */
  #send(message: MasterMessage): void {
    this.#transport.send(JSON.stringify(message));
  }

  /** Answers a beat. */
  beat(answer: Omit<BeatAnswer, 'type'>): void {
    this.#send({ type: 'beat', ...answer });
  }

  /** Tells a watchdog to end its process. */
  kill(): void {
    this.#send({ type: 'kill' });
  }

  close(reason: string): void {
    this.#transport.close(reason);
  }

  /** The border: an invalid message, wherever that is found, costs this connection. */
  #receive(frame: string): void {
    try {
      const message = parseFrame(frame, slaveMessage);
      if (message.type === 'reply' || message.type === 'failure') this.#settle(message);
      else this.onMessage(message);
    } catch (error) {
      this.onFault(error);
      this.#transport.close(`invalid message: ${messageOf(error)}`);
    }
  }

  #settle(message: Extract<SlaveMessage, { type: 'reply' | 'failure' }>): void {
    const pending = this.#pending.get(message.id);
    // An answer after its time-out is not the slave's fault.
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    pending.cancelTimeout();
    if (message.type === 'failure') {
      pending.deferred.reject(new RemoteError(message.error));
      return;
    }
    try {
      const { operation } = pending;
      const { result } = requests[operation];
      pending.deferred.resolve(parsed(message.result, result, `the answer to '${operation}'`));
    } catch (error) {
      pending.deferred.reject(error);
    }
  }

  #close(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    for (const { deferred, cancelTimeout } of this.#pending.values()) {
      cancelTimeout();
      deferred.reject(lost(reason));
    }
    this.#pending.clear();
    this.onClose(reason);
  }
}

/** What a slave process does for each request. */
export type Handlers = { [O in Operation]: (params: Params<O>) => Result<O> | Promise<Result<O>> };

/** The slave's end: answers requests in the order of their arrival, and reports. */
export class SlavePeer {
  readonly #transport: Transport;
  readonly #handlers: Handlers;
  #closed = false;
  onClose: (reason: string) => void = () => {};
  onKill: () => void = () => {};
  onBeat: (answer: BeatAnswer) => void = () => {};

  constructor(transport: Transport, handlers: Handlers) {
    this.#transport = transport;
    this.#handlers = handlers;
    transport.onFrame = (frame) => this.#receive(frame);
    transport.onClose = (reason) => {
      this.#closed = true;
      this.onClose(reason);
    };
  }

  /** Sends a message that is not an answer. Dropped when the connection is gone. */
  send(message: SlaveMessage): void {
    if (!this.#closed) this.#transport.send(JSON.stringify(message));
  }

  close(reason: string): void {
    this.#transport.close(reason);
  }

  #receive(frame: string): void {
    try {
      const message = parseFrame(frame, masterMessage);
      if (message.type === 'kill') this.onKill();
      else if (message.type === 'beat') this.onBeat(message);
      else void this.#answer(message);
    } catch (error) {
      this.#transport.close(`invalid message: ${messageOf(error)}`);
    }
  }

  async #answer(message: Extract<MasterMessage, { type: 'request' }>): Promise<void> {
    try {
      const result = await this.#handle(message.operation, message.params);
      const frame = JSON.stringify({ type: 'reply', id: message.id, result });
      // A character takes at most three bytes.
      if (frame.length > MAX_FRAME_BYTES / 3) demandFits(frame, message.operation);
      this.#transport.send(frame);
    } catch (error) {
      this.send({ type: 'failure', id: message.id, error: toWireError(error) });
    }
  }

  async #handle<O extends Operation>(operation: O, params: unknown): Promise<Result<O>> {
    const { params: schema, result } = requests[operation];
    const asked = parsed(params, schema, `the request '${operation}'`) as Params<O>;
    const answer = await this.#handlers[operation](asked);
    // The values of a scenario must not cost the process its connection.
    return parsed(answer, result, `the answer to '${operation}'`) as Result<O>;
  }
}

/** Describes an error for the other side; bounded in size. */
export function toWireError(error: unknown): WireError {
  const stack = stackOf(error);
  return {
    name: errorName(error),
    ...(error instanceof AmocError ? { code: error.code } : {}),
    message: messageOf(error),
    ...(stack === undefined ? {} : { stack: cut(stack, 8000) }),
  };
}

/** @throws {AmocError} `PROTOCOL` naming what is invalid, and where */
function parseFrame<S extends z.ZodType>(frame: string, schema: S): z.infer<S> {
  // A short frame is parsed in no time, however deep it is.
  if (frame.length > SHORT_FRAME && isNestedBeyond(frame, MAX_NESTING)) {
    throw new AmocError('PROTOCOL', `nested more than ${MAX_NESTING} deep`);
  }
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    throw new AmocError('PROTOCOL', 'not JSON');
  }
  return parsed(value, schema);
}

/** @throws {AmocError} `PROTOCOL` naming what is invalid, and where */
function parsed<S extends z.ZodType>(value: unknown, schema: S, what?: string): z.infer<S> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  const path = cut((issue?.path ?? []).map(String).join('.'), MAX_PATH_LENGTH);
  const where = [what, ...(path === '' ? [] : [path])].filter((part) => part !== undefined);
  const why = cut(issue?.message ?? 'invalid value', MAX_PATH_LENGTH);
  throw new AmocError('PROTOCOL', [...where, why].join(': '));
}

/** @throws {AmocError} `PROTOCOL` when the frame is longer than the other side accepts */
function demandFits(frame: string, operation: Operation): void {
  const bytes = Buffer.byteLength(frame);
  if (bytes <= MAX_FRAME_BYTES) return;
  throw new AmocError(
    'PROTOCOL',
    `the answer to '${operation}' has ${bytes} bytes; at most ${MAX_FRAME_BYTES} can be sent`,
  );
}

function lost(reason: string): AmocError {
  return new AmocError('NODE_LOST', `the connection is gone (${reason})`);
}
