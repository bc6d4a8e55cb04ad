import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { Completion } from '../console/completion.ts';
import type { Outcome } from '../console/shell.ts';
import type { Backend } from '../console/terminal.ts';
import { deferred } from '../lib/abort.ts';
import type { Deferred } from '../lib/abort.ts';
import { assertNever } from '../lib/assert.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { ATTACH_VERSION, decode, fromNode, MOST_BYTES } from './messages.ts';
import type { FromConsole, FromNode } from './messages.ts';

/** A node that has not answered an interrupt by then is held up by what was typed. */
const DEAF_MS = 700;
const GREETING_MS = 5000;

/** Who attaches, and what to do with what comes unasked. */
export interface AttachOptions {
  who: string;
  /** chalk's level. */
  colors: 0 | 1 | 2 | 3;
  /** Without log lines, and unannounced. @default false */
  quiet?: boolean;
  onPrint: (text: string) => void;
  /** Lends the whole screen: `draw` is asked for each picture. */
  onLend?: (draw: (columns: number) => Promise<string>) => Promise<void>;
  onLeave?: () => void;
}

/** A console's side of the socket: the engine of a node that runs in another process. */
export class AttachClient implements Backend, Disposable {
  readonly #socket: WebSocket;
  readonly #options: AttachOptions;
  readonly #welcome = deferred<FromNode & { type: 'welcome' }>();
  readonly #closed = deferred<string>();
  readonly #runs = new Map<number, Deferred<Outcome>>();
  readonly #completions = new Map<number, Deferred<Completion>>();
  readonly #pictures = new Map<number, Deferred<string>>();
  #reason: string | undefined;
  #asked = 0;
  #pid = 0;
  /** What to read first. */
  banner = '';
  /** The node's name. */
  name = '';
  number = 1;

  private constructor(socket: WebSocket, options: AttachOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (data) => {
      const message = decode(fromNode, data);
      if (message !== undefined) this.#take(message);
    });
    socket.on('error', (error) => (this.#reason ??= messageOf(error)));
    socket.on('close', () => this.#end(this.#reason ?? 'the node has ended'));
  }

  /**
   * Attaches to the node behind a Unix socket.
   *
   * @throws {AmocError} `CONNECTION` when nobody answers, or the node sends this console away
   */
  static async dial(path: string, options: AttachOptions): Promise<AttachClient> {
    const socket = new WebSocket('ws://localhost/', {
      createConnection: () => connect(path),
      maxPayload: MOST_BYTES,
      perMessageDeflate: false,
      handshakeTimeout: GREETING_MS,
    });
    const client = new AttachClient(socket, options);
    socket.once('open', () => {
      const { who, colors, quiet = false } = options;
      client.#send({ type: 'hello', version: ATTACH_VERSION, who, colors, quiet });
    });
    const { banner, name, number, pid } = await client.#welcome.promise;
    Object.assign(client, { banner, name, number });
    client.#pid = pid;
    return client;
  }

  /** Resolves with the reason when the node is gone, or has sent this console away. */
  get closed(): Promise<string> {
    return this.#closed.promise;
  }

  async run(
    text: string,
    { signal, json = false }: { signal?: AbortSignal; json?: boolean } = {},
  ): Promise<Outcome> {
    const id = ++this.#asked;
    const outcome = deferred<Outcome>();
    this.#runs.set(id, outcome);
    this.#send({ type: 'run', id, text, json });
    let deaf: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      this.#send({ type: 'interrupt', id });
      // Typed code that loops keeps the node from reading; a signal reaches it there.
      deaf = setTimeout(() => this.#interruptLoop(), DEAF_MS);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await outcome.promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      clearTimeout(deaf);
    }
  }

  complete(line: string): Promise<Completion> {
    const id = ++this.#asked;
    const completion = deferred<Completion>();
    this.#completions.set(id, completion);
    this.#send({ type: 'complete', id, line });
    return completion.promise;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
    setTimeout(() => this.#socket.terminate(), 200).unref();
  }

  #take(message: FromNode): void {
    switch (message.type) {
      case 'welcome':
        this.#welcome.resolve(message);
        return;
      case 'print':
        this.#options.onPrint(message.text);
        return;
      case 'outcome':
        this.number = message.number;
        this.#runs.get(message.id)?.resolve(message.outcome);
        this.#runs.delete(message.id);
        return;
      case 'completion':
        this.#completions.get(message.id)?.resolve([message.names, message.part]);
        this.#completions.delete(message.id);
        return;
      case 'lend':
        void this.#lend();
        return;
      case 'drawn':
        this.#pictures.get(message.id)?.resolve(message.text);
        this.#pictures.delete(message.id);
        return;
      case 'leave':
        this.#options.onLeave?.();
        return;
      case 'bye':
        this.#reason ??= message.reason;
        return;
      default:
        assertNever(message);
    }
  }

  async #lend(): Promise<void> {
    await this.#options.onLend?.((columns) => {
      const id = ++this.#asked;
      const picture = deferred<string>();
      this.#pictures.set(id, picture);
      this.#send({ type: 'draw', id, columns });
      return picture.promise;
    });
    this.#send({ type: 'return' });
  }

  #interruptLoop(): void {
    try {
      process.kill(this.#pid, 'SIGINT');
    } catch {
      // It has ended meanwhile.
    }
  }

  #end(reason: string): void {
    this.#welcome.reject(new AmocError('CONNECTION', reason));
    for (const run of this.#runs.values()) run.resolve({ kind: 'error', text: `** ${reason}` });
    for (const completion of this.#completions.values()) completion.resolve([[], '']);
    for (const picture of this.#pictures.values()) picture.resolve('');
    this.#closed.resolve(reason);
  }

  #send(message: FromConsole): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
