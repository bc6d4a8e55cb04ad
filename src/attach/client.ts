import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { Backend, Completion } from '../console/terminal/mod.ts';
import type { EvalResult } from '../console/shell/mod.ts';
import { deferred } from '../lib/time/async.ts';
import { assertNever } from '../lib/assert.ts';
import { AmocError, messageOf, systemCode } from '../lib/errors.ts';
import { ANSWER_MS, ATTACH_VERSION, decode, fromNode } from './messages.ts';
import { MAX_LINE_LENGTH, MAX_BYTES, MAX_COLUMNS } from './messages.ts';
import type { FromConsole, FromNode } from './messages.ts';

/** A node's answer to a question. */
type Answer = Extract<FromNode, { id: number }>;

/** A node that has not answered an interrupt after this time is blocked by typed code. */
const DEAF_MS = 700;

/** Who attaches, and what to do with messages that are not answers. */
export interface AttachOptions {
  who: string;
  /** chalk's level. */
  colors: 0 | 1 | 2 | 3;
  /** Without log lines, and unannounced. @default false */
  quiet?: boolean;
  onPrint: (text: string, isError: boolean) => void;
  /** Lends the full screen: `draw` is called for each picture. */
  onLend?: (draw: (columns: number) => Promise<string>) => Promise<void>;
  onLeave?: () => void;
}

/** The console's side of the socket: gives access to the engine of a node in another process. */
export class AttachClient implements Backend, Disposable {
  readonly #socket: WebSocket;
  readonly #options: AttachOptions;
  readonly #welcome = deferred<FromNode & { type: 'welcome' }>();
  readonly #closed = deferred<string>();
  /** Called with the answer to each question, or with `undefined` when the node has gone. */
  readonly #questions = new Map<number, (answer: Answer | undefined) => void>();
  #reason: string | undefined;
  #asked = 0;
  #pid = 0;
  /** The text to show first. */
  banner = '';
  /** The node's name. */
  name = '';
  number = 1;

  private constructor(socket: WebSocket, options: AttachOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (data) => {
      const message = decode(fromNode, data);
      if (message !== undefined) this.#dispatch(message);
    });
    socket.on('error', (error) => (this.#reason ??= reasonOf(error)));
    socket.on('close', () => this.#end(this.#reason ?? 'the node has ended'));
  }

  /**
   * Attaches to the node behind a Unix socket.
   *
   * @throws {AmocError} `CONNECTION` when no node answers, or the node sends this console away
   */
  static async dial(path: string, options: AttachOptions): Promise<AttachClient> {
    const socket = new WebSocket('ws://localhost/', {
      createConnection: () => connect(path),
      maxPayload: MAX_BYTES,
      perMessageDeflate: false,
      handshakeTimeout: ANSWER_MS,
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
  ): Promise<EvalResult> {
    // A longer text would not be a valid message; the node refuses an input of this length anyway.
    const sent = text.slice(0, MAX_LINE_LENGTH);
    const { id, answer } = this.#ask((id) => ({ type: 'run', id, text: sent, json }));
    let deaf: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      this.#send({ type: 'interrupt', id });
      // Typed code that loops keeps the node from reading, but a signal interrupts it. It is repeated, because
      // Node.js may lose a signal that comes while it enters or leaves a script.
      deaf = setInterval(() => this.#interruptLoop(), DEAF_MS);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const outcome = await answer;
      if (outcome?.type !== 'outcome') return { kind: 'error', text: `** ${await this.closed}` };
      this.number = outcome.number;
      return outcome.outcome;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      clearInterval(deaf);
    }
  }

  async complete(line: string): Promise<Completion> {
    if (line.length > MAX_LINE_LENGTH) return [[], line];
    const answer = await this.#ask((id) => ({ type: 'complete', id, line })).answer;
    if (answer?.type !== 'completion') return [[], ''];
    const { names, part, about } = answer;
    return about?.length === names.length ? [names, part, about] : [names, part];
  }

  [Symbol.dispose](): void {
    this.#socket.close();
    setTimeout(() => this.#socket.terminate(), 200).unref();
  }

  #dispatch(message: FromNode): void {
    switch (message.type) {
      case 'welcome':
        this.#welcome.resolve(message);
        return;
      case 'print':
        this.#options.onPrint(message.text, message.isError ?? false);
        return;
      case 'outcome':
      case 'completion':
      case 'drawn':
        this.#questions.get(message.id)?.(message);
        this.#questions.delete(message.id);
        return;
      case 'lend':
        void this.#lend();
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
    await this.#options.onLend?.(async (width) => {
      const columns = Math.min(MAX_COLUMNS, Math.max(1, width));
      const answer = await this.#ask((id) => ({ type: 'draw', id, columns })).answer;
      return answer?.type === 'drawn' ? answer.text : '';
    });
    this.#send({ type: 'return' });
  }

  #ask(question: (id: number) => FromConsole): { id: number; answer: Promise<Answer | undefined> } {
    const id = ++this.#asked;
    const answer = deferred<Answer | undefined>();
    this.#questions.set(id, answer.resolve);
    this.#send(question(id));
    return { id, answer: answer.promise };
  }

  #interruptLoop(): void {
    try {
      process.kill(this.#pid, 'SIGINT');
    } catch {
      // The node has ended already.
    }
  }

  #end(reason: string): void {
    this.#welcome.reject(new AmocError('CONNECTION', reason));
    this.#closed.resolve(reason);
    for (const answer of this.#questions.values()) answer(undefined);
    this.#questions.clear();
  }

  #send(message: FromConsole): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

function reasonOf(error: unknown): string {
  const isCut = ['EPIPE', 'ECONNRESET'].includes(systemCode(error) ?? '');
  if (!isCut) return messageOf(error);
  return 'the node closed the connection before it answered; if that happens again, all files that the node may open are in use (ulimit -n)';
}
