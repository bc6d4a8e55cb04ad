import type { z } from 'zod';
import { deferred } from '../lib/time/async.ts';
import type { Deferred } from '../lib/time/async.ts';
import type { Clock } from '../lib/time/clock.ts';
import { AmocError, errorName, messageOf, stackOf } from '../lib/errors.ts';
import { cut } from '../lib/text/foreign-text.ts';
import type { AmocErrorCode } from '../lib/errors.ts';
import {
  MAX_FRAME_BYTES,
  masterMessage,
  requests,
  slaveMessage,
  slaveRequests,
} from './messages.ts';
import type { Exchange, MasterMessage, SlaveMessage, WireError } from './messages.ts';
import { parsed, parseFrame } from './parse.ts';
import type { Transport } from './transport.ts';

/** The requests that one side can send: the schemas of the parameters and of the answer. */
export type RequestTable = Readonly<Record<string, { params: z.ZodType; result: z.ZodType }>>;

/** Names of the requests of a table. */
export type NameIn<T extends RequestTable> = keyof T & string;
/** The parameters of a request of a table. */
export type ParamsIn<T extends RequestTable, O extends NameIn<T>> = z.infer<T[O]['params']>;
/** The answer to a request of a table. */
export type ResultIn<T extends RequestTable, O extends NameIn<T>> = z.infer<T[O]['result']>;

/** What one side does for each request of the other. */
export type HandlersOf<T extends RequestTable> = {
  [O in NameIn<T>]: (params: ParamsIn<T, O>) => ResultIn<T, O> | Promise<ResultIn<T, O>>;
};

/** What a slave process does for each request of the master. */
export type Handlers = HandlersOf<typeof requests>;
/** What the master does for each request of a slave process. */
export type MasterHandlers = HandlersOf<typeof slaveRequests>;

/** The master's answer to a beat. */
export type BeatAnswer = Extract<MasterMessage, { type: 'beat' }>;
/** A message of a slave process that belongs to no request. */
export type SlaveNotice = Exclude<SlaveMessage, { type: Exchange }>;
/** A message of the master that belongs to no request. */
export type MasterNotice = Exclude<MasterMessage, { type: Exchange }>;

/** Maximum number of unanswered requests of each side on one connection. */
export const MAX_OPEN_REQUESTS = 10_000;

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

/** What a side sends, what it answers, and what it accepts from the other. */
interface Side<Asks extends RequestTable, Answers extends RequestTable> {
  asks: Asks;
  answers: Answers;
  accepts: z.ZodType;
}

/** What a side does with what arrives; both can be set later, before anything can have arrived. */
export interface PeerEnds<Answers extends RequestTable, Hears> {
  handlers?: HandlersOf<Answers> | undefined;
  onMessage?: (message: Hears) => void;
}

type Request = Extract<MasterMessage | SlaveMessage, { type: 'request' }>;
type Settled = Extract<MasterMessage | SlaveMessage, { type: 'reply' | 'failure' }>;

interface Pending {
  operation: string;
  deferred: Deferred<unknown>;
  cancelTimeout: () => void;
}

/**
 * One end of an authenticated connection. Either side sends requests of its table, answers those of the
 * other's, in the order of their arrival, and sends messages that have no answer.
 *
 * @typeParam Asks the requests that this side sends
 * @typeParam Answers the requests that it answers
 * @typeParam Says the messages without an answer that it sends
 * @typeParam Hears the messages without an answer that it gets
 */
export abstract class Peer<
  Asks extends RequestTable,
  Answers extends RequestTable,
  Says extends { type: string },
  Hears extends { type: string },
> {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #side: Side<Asks, Answers>;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  /** Requests of the other side that have no answer yet. */
  #answering = 0;
  #closed: string | undefined;
  /** What this side does for the requests of the other; without it they fail with `NO_RUN`. */
  handlers: HandlersOf<Answers> | undefined;
  /** Called with each message that belongs to no request. */
  onMessage: (message: Hears) => void = () => {};
  /** Called once. */
  onClose: (reason: string) => void = () => {};
  /** Called with the reason why a message was refused, before the connection is closed for it. */
  onFault: (error: unknown) => void = () => {};

  protected constructor(
    transport: Transport,
    clock: Clock,
    side: Side<Asks, Answers>,
    { handlers, onMessage }: PeerEnds<Answers, Hears> = {},
  ) {
    this.#transport = transport;
    this.#clock = clock;
    this.#side = side;
    this.handlers = handlers;
    if (onMessage !== undefined) this.onMessage = onMessage;
    // Frames that wait are read at once.
    transport.onFrame = (frame) => this.#receive(frame);
    transport.onClose = (reason) => this.#close(reason);
  }

  /**
   * Sends a request.
   *
   * @param timeoutMs how long to wait for the answer; the other side is not told when that is over
   * @throws {RemoteError} the error with which the other side failed
   * @throws {AmocError} `TIMEOUT`; `NODE_LOST` when the connection ends before the answer; `BUSY` when too
   * many requests are unanswered
   */
  async request<O extends NameIn<Asks>>(
    operation: O,
    params: ParamsIn<Asks, O>,
    timeoutMs: number,
  ): Promise<ResultIn<Asks, O>> {
    if (this.#closed !== undefined) throw lost(this.#closed);
    if (this.#pending.size >= MAX_OPEN_REQUESTS) {
      throw new AmocError(
        'BUSY',
        `${MAX_OPEN_REQUESTS} requests to ${this.#transport.remote} are waiting already`,
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
    this.#transport.send(JSON.stringify({ type: 'request', id, operation, params }));
    return (await answer.promise) as ResultIn<Asks, O>;
  }

  /** Sends a message that has no answer. Dropped when the connection is gone. */
  send(message: Says): void {
    if (this.#closed === undefined) this.#transport.send(JSON.stringify(message));
  }

  close(reason: string): void {
    this.#transport.close(reason);
  }

  /** The border: an invalid message, wherever that is found, costs this connection. */
  #receive(frame: string): void {
    try {
      const message = parseFrame(frame, this.#side.accepts) as Hears | Request | Settled;
      if (isRequest(message)) void this.#answer(message);
      else if (isSettled(message)) this.#settle(message);
      else this.onMessage(message);
    } catch (error) {
      this.onFault(error);
      this.#transport.close(`invalid message: ${messageOf(error)}`);
    }
  }

  #settle(message: Settled): void {
    const pending = this.#pending.get(message.id);
    // An answer after its time-out is not the other side's fault.
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    pending.cancelTimeout();
    if (message.type === 'failure') {
      pending.deferred.reject(new RemoteError(message.error));
      return;
    }
    try {
      const { operation } = pending;
      const { result } = entryOf(this.#side.asks, operation);
      pending.deferred.resolve(parsed(message.result, result, `the answer to '${operation}'`));
    } catch (error) {
      pending.deferred.reject(error);
    }
  }

  async #answer({ id, operation, params }: Request): Promise<void> {
    if (this.#answering >= MAX_OPEN_REQUESTS) {
      const error = new AmocError('BUSY', `${MAX_OPEN_REQUESTS} requests are unanswered already`);
      this.#fail(id, error);
      return;
    }
    this.#answering++;
    try {
      const result = await this.#handle(operation, params);
      const frame = JSON.stringify({ type: 'reply', id, result });
      // A character takes at most three bytes.
      if (frame.length > MAX_FRAME_BYTES / 3) demandFits(frame, operation);
      if (this.#closed === undefined) this.#transport.send(frame);
    } catch (error) {
      this.#fail(id, error);
    } finally {
      this.#answering--;
    }
  }

  #fail(id: number, error: unknown): void {
    if (this.#closed !== undefined) return;
    this.#transport.send(JSON.stringify({ type: 'failure', id, error: toWireError(error) }));
  }

  async #handle(operation: string, params: unknown): Promise<unknown> {
    const schemas = entryOf(this.#side.answers, operation);
    const asked = parsed(params, schemas.params, `the request '${operation}'`);
    const { handlers } = this;
    if (handlers === undefined) throw new AmocError('NO_RUN', 'nothing answers requests here yet');
    const handle = handlers[operation as NameIn<Answers>] as (given: unknown) => unknown;
    const answer = await handle(asked);
    // The values of a scenario must not cost the process its connection.
    return parsed(answer, schemas.result, `the answer to '${operation}'`);
  }

  #close(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    for (const { deferred: answer, cancelTimeout } of this.#pending.values()) {
      cancelTimeout();
      answer.reject(lost(reason));
    }
    this.#pending.clear();
    this.onClose(reason);
  }
}

/** The master's end of a connection. */
export class MasterPeer extends Peer<
  typeof requests,
  typeof slaveRequests,
  MasterNotice,
  SlaveNotice
> {
  constructor(transport: Transport, clock: Clock) {
    super(transport, clock, { asks: requests, answers: slaveRequests, accepts: slaveMessage });
  }

  /** Answers a beat. */
  beat(answer: Omit<BeatAnswer, 'type'>): void {
    this.send({ type: 'beat', ...answer });
  }

  /** Tells a watchdog to end its process. */
  kill(): void {
    this.send({ type: 'kill' });
  }
}

/** The end of a slave process, or of its watchdog. */
export class SlavePeer extends Peer<
  typeof slaveRequests,
  typeof requests,
  SlaveNotice,
  MasterNotice
> {
  /** @param ends its handlers are left out for a watchdog, which answers nothing */
  constructor(transport: Transport, clock: Clock, ends: PeerEnds<typeof requests, MasterNotice>) {
    const side = { asks: slaveRequests, answers: requests, accepts: masterMessage };
    super(transport, clock, side, ends);
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

function isRequest(message: { type: string }): message is Request {
  return message.type === 'request';
}

function isSettled(message: { type: string }): message is Settled {
  return message.type === 'reply' || message.type === 'failure';
}

/** The schemas of a request; the frame was checked to name one of the table. */
function entryOf(table: RequestTable, operation: string): RequestTable[string] {
  return table[operation] as RequestTable[string];
}

/** @throws {AmocError} `PROTOCOL` when the frame is longer than the other side accepts */
function demandFits(frame: string, operation: string): void {
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
