import type { z } from 'zod';
import { deferred } from '../lib/abort.ts';
import type { Deferred } from '../lib/abort.ts';
import type { Clock } from '../lib/clock.ts';
import { AmocError, errorName, messageOf } from '../lib/errors.ts';
import type { AmocErrorCode } from '../lib/errors.ts';
import { masterMessage, requests, slaveMessage } from './messages.ts';
import type {
  MasterMessage,
  Operation,
  Params,
  Result,
  SlaveMessage,
  WireError,
} from './messages.ts';
import type { Transport } from './transport.ts';

/** What the master answers a beat with. */
export type BeatAnswer = Extract<MasterMessage, { type: 'beat' }>;

/** Requests without an answer that one connection may have. */
const MOST_PENDING = 10_000;

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

/** The master's end of an authenticated connection: asks, and hears what the slave says unasked. */
export class MasterPeer {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #closed: string | undefined;
  /** Called with each message that is no reply. */
  onMessage: (message: Exclude<SlaveMessage, { type: 'reply' | 'failure' }>) => void = () => {};
  /** Called once. */
  onClose: (reason: string) => void = () => {};

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
    transport.onFrame = (frame) => this.#receive(frame);
    transport.onClose = (reason) => this.#close(reason);
  }

  /**
   * Asks the slave.
   *
   * @throws {RemoteError} what the slave failed with
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
        `${MOST_PENDING} requests to ${this.#transport.remote} wait already`,
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

  /** Sends something that has no answer. */
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

  #receive(frame: string): void {
    const message = parseFrame(frame, slaveMessage);
    if (message === undefined) {
      this.#transport.close('invalid message');
      return;
    }
    if (message.type === 'reply' || message.type === 'failure') this.#settle(message);
    else this.onMessage(message);
  }

  #settle(message: Extract<SlaveMessage, { type: 'reply' | 'failure' }>): void {
    const pending = this.#pending.get(message.id);
    // An answer after its time-out is no fault of the slave's.
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    pending.cancelTimeout();
    if (message.type === 'failure') {
      pending.deferred.reject(new RemoteError(message.error));
      return;
    }
    const parsed = requests[pending.operation].result.safeParse(message.result);
    if (parsed.success) pending.deferred.resolve(parsed.data);
    else {
      pending.deferred.reject(
        new AmocError('PROTOCOL', `the answer to '${pending.operation}' is malformed`),
      );
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

  /** Says something unasked. Dropped when the connection is gone. */
  send(message: SlaveMessage): void {
    if (!this.#closed) this.#transport.send(JSON.stringify(message));
  }

  close(reason: string): void {
    this.#transport.close(reason);
  }

  #receive(frame: string): void {
    const message = parseFrame(frame, masterMessage);
    if (message === undefined) {
      this.#transport.close('invalid message');
    } else if (message.type === 'kill') {
      this.onKill();
    } else if (message.type === 'beat') {
      this.onBeat(message);
    } else {
      void this.#answer(message);
    }
  }

  async #answer(message: Extract<MasterMessage, { type: 'request' }>): Promise<void> {
    try {
      const result = await this.#handle(message.operation, message.params);
      this.send({ type: 'reply', id: message.id, result });
    } catch (error) {
      this.send({ type: 'failure', id: message.id, error: toWireError(error) });
    }
  }

  async #handle<O extends Operation>(operation: O, params: unknown): Promise<Result<O>> {
    const parsed = requests[operation].params.safeParse(params);
    if (!parsed.success) {
      throw new AmocError('PROTOCOL', `malformed request '${operation}': ${parsed.error.message}`);
    }
    return this.#handlers[operation](parsed.data as Params<O>);
  }
}

/** Describes an error for the other side; bounded in size. */
export function toWireError(error: unknown): WireError {
  const stack = error instanceof Error ? error.stack?.slice(0, 8000) : undefined;
  return {
    name: errorName(error),
    ...(error instanceof AmocError ? { code: error.code } : {}),
    message: messageOf(error).slice(0, 16_000),
    ...(stack === undefined ? {} : { stack }),
  };
}

function parseFrame<S extends z.ZodType>(frame: string, schema: S): z.infer<S> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

function lost(reason: string): AmocError {
  return new AmocError('NODE_LOST', `the connection is gone (${reason})`);
}
