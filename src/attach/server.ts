import { chmodSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import type { Completion } from '../console/completion.ts';
import { LogView } from '../console/log-view.ts';
import type { LogLine } from '../console/log-view.ts';
import { paintOf } from '../console/paint.ts';
import type { Paint } from '../console/paint.ts';
import type { Person, Shell } from '../console/shell.ts';
import type { LendScreen } from '../console/watch.ts';
import { deferred } from '../lib/abort.ts';
import { assertNever } from '../lib/assert.ts';
import type { Clock } from '../lib/clock.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { plural } from '../lib/words.ts';
import { answering } from './answers.ts';
import type { Answer } from './answers.ts';
import { ANSWER_MS, ATTACH_VERSION, decode, fromConsole, MOST_BYTES } from './messages.ts';
import type { FromConsole, FromNode } from './messages.ts';

const MOST_CONSOLES = 64;
/** Inputs of one console that are being evaluated. */
const MOST_RUNNING = 64;
/** What waits for a console that does not read; more is left out and counted. */
const MOST_WAITING = 4 * 1024 * 1024;

/** What stands behind the consoles. */
export interface AttachParts {
  name: string;
  clock: Clock;
  banner: (paint: Paint) => string;
  openShell: (person: Person) => Shell;
  complete: (line: string) => Completion;
  /** Somebody came or went. */
  onAttached: (text: string) => void;
}

/** The consoles attached to a node, over its Unix socket. */
export class AttachServer implements AsyncDisposable {
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #consoles = new Set<AttachedConsole>();
  #closed: Promise<void> | undefined;

  /**
   * @param parts `undefined` for a node that has no console: a slave
   * @param answers by method and path, as in `GET /health`
   */
  private constructor(parts: AttachParts | undefined, answers: Readonly<Record<string, Answer>>) {
    this.#http = createServer(answering(answers));
    this.#sockets = new WebSocketServer({
      server: this.#http,
      maxPayload: MOST_BYTES,
      perMessageDeflate: false,
      verifyClient: ({ req }: { req: IncomingMessage }) => req.headers.origin === undefined,
    });
    // `ws` passes the HTTP server's errors on; they are told by listen().
    this.#sockets.on('error', () => {});
    this.#sockets.on('connection', (socket) => {
      socket.on('error', () => {});
      if (parts === undefined) {
        refuse(socket, 'this node is a slave and has no console; attach to its master');
      } else if (this.#consoles.size >= MOST_CONSOLES) {
        refuse(socket, `${MOST_CONSOLES} consoles are attached already`);
      } else this.#welcome(socket, parts);
    });
  }

  /**
   * Listens on a Unix socket that its owner alone can reach.
   *
   * @throws {AmocError} `CONNECTION`
   */
  static async listen(
    path: string,
    parts: AttachParts | undefined,
    answers: Readonly<Record<string, Answer>>,
  ): Promise<AttachServer> {
    const server = new AttachServer(parts, answers);
    const listening = deferred<undefined>();
    server.#http.once('listening', () => listening.resolve(undefined));
    server.#http.once('error', (error) => {
      listening.reject(
        new AmocError('CONNECTION', `${path}: ${messageOf(error)}`, { cause: error }),
      );
    });
    server.#http.listen(path);
    await listening.promise;
    chmodSync(path, 0o600);
    return server;
  }

  /** The names of those who are attached. */
  get attached(): string[] {
    return [...this.#consoles].flatMap(({ who }) => (who === undefined ? [] : [who]));
  }

  /** Shows log lines above every prompt. */
  log(lines: readonly LogLine[], dropped: number): void {
    for (const each of this.#consoles) each.log(lines, dropped);
  }

  /** Sends everybody away and stops listening; twice does nothing. @param reason what they read */
  close(reason: string): Promise<void> {
    return (this.#closed ??= this.#close(reason));
  }

  async #close(reason: string): Promise<void> {
    for (const each of this.#consoles) each.close(reason);
    this.#sockets.close();
    const closed = deferred<undefined>();
    this.#http.close(() => closed.resolve(undefined));
    this.#http.closeIdleConnections();
    // One that does not close in its turn must not hold up the end.
    const force = setTimeout(() => {
      for (const client of this.#sockets.clients) client.terminate();
      this.#http.closeAllConnections();
    }, 500);
    await closed.promise;
    clearTimeout(force);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close('the node has ended');
  }

  #welcome(socket: WebSocket, parts: AttachParts): void {
    const attached = new AttachedConsole(socket, parts, {
      onGreeted: (who) => {
        const others = this.attached.filter((name) => name !== who);
        parts.onAttached(`${who} has attached${among(others)}`);
      },
      onLeft: (who) => {
        this.#consoles.delete(attached);
        if (who !== undefined) parts.onAttached(`${who} has detached`);
      },
      others: () => this.attached,
    });
    this.#consoles.add(attached);
  }
}

function among(others: readonly string[]): string {
  return others.length === 0 ? '' : `; also here: ${others.join(', ')}`;
}

function refuse(socket: WebSocket, reason: string): void {
  socket.send(JSON.stringify({ type: 'bye', reason } satisfies FromNode));
  socket.close();
}

interface ConsoleEvents {
  onGreeted: (who: string) => void;
  onLeft: (who: string | undefined) => void;
  others: () => readonly string[];
}

/** One console at the other end of the socket. */
class AttachedConsole {
  readonly #socket: WebSocket;
  readonly #parts: AttachParts;
  readonly #events: ConsoleEvents;
  readonly #running = new Map<number, AbortController>();
  #shell: Shell | undefined;
  #view: LogView | undefined;
  #lent: { draw: Parameters<LendScreen>[0]; over: () => void } | undefined;
  #unshown = 0;
  /** Who sits there; only those who read the log count as being there. */
  who: string | undefined;

  constructor(socket: WebSocket, parts: AttachParts, events: ConsoleEvents) {
    this.#socket = socket;
    this.#parts = parts;
    this.#events = events;
    const cancel = parts.clock.schedule(ANSWER_MS, () => this.close('it did not say who it is'), {
      background: true,
    });
    socket.on('message', (data) => {
      const message = decode(fromConsole, data);
      if (message === undefined) this.close('a message was not understood');
      else if (message.type === 'hello') {
        cancel();
        this.#greet(message);
      } else if (this.#shell === undefined) this.close('it did not say who it is');
      else void this.#take(message, this.#shell);
    });
    socket.on('close', () => {
      cancel();
      this.#lent?.over();
      this.#view?.[Symbol.dispose]();
      this.#view = undefined;
      this.#events.onLeft(this.who);
    });
  }

  log(lines: readonly LogLine[], dropped: number): void {
    this.#view?.add(lines, dropped);
  }

  close(reason: string): void {
    this.#view?.flush();
    refuse(this.#socket, reason);
  }

  #greet({ version, who, colors, quiet }: FromConsole & { type: 'hello' }): void {
    if (version !== ATTACH_VERSION) {
      this.close(
        `it speaks version ${version} of the console's protocol, this node ${ATTACH_VERSION}; use the same release`,
      );
      return;
    }
    if (this.#shell !== undefined) return;
    const { parts, paint } = { parts: this.#parts, paint: paintOf(colors) };
    this.#shell = parts.openShell({
      name: who,
      paint,
      print: (text) => this.#print(text),
      lend: quiet ? undefined : (draw) => this.#lend(draw),
      leave: () => this.#send({ type: 'leave' }),
    });
    const others = this.#events.others();
    const company = others.length === 0 ? '' : `Also attached: ${others.join(', ')}.\n`;
    this.#send({
      type: 'welcome',
      version: ATTACH_VERSION,
      banner: `${parts.banner(paint)}${company}`,
      name: parts.name,
      pid: process.pid,
      number: this.#shell.number,
    });
    if (quiet) return;
    this.who = who;
    this.#events.onGreeted(who);
    this.#view = new LogView({
      clock: parts.clock,
      colors: colors > 0,
      write: (text) => this.#print(text),
    });
  }

  async #take(message: Exclude<FromConsole, { type: 'hello' }>, shell: Shell): Promise<void> {
    switch (message.type) {
      case 'run': {
        const { id, text, json } = message;
        if (this.#running.size >= MOST_RUNNING) {
          this.close(`${MOST_RUNNING} inputs are being evaluated`);
          return;
        }
        const controller = new AbortController();
        this.#running.set(id, controller);
        const outcome = await shell.run(text, { signal: controller.signal, json });
        this.#running.delete(id);
        // What it has logged comes before what came of it.
        this.#view?.flush();
        this.#send({ type: 'outcome', id, outcome, number: shell.number });
        return;
      }
      case 'interrupt':
        this.#running.get(message.id)?.abort();
        return;
      case 'complete': {
        const [names, part] = this.#parts.complete(message.line);
        this.#send({ type: 'completion', id: message.id, names: [...names], part });
        return;
      }
      case 'draw': {
        const text = await this.#lent?.draw(message.columns, shell.person.paint);
        if (text !== undefined) this.#send({ type: 'drawn', id: message.id, text });
        return;
      }
      case 'return':
        this.#lent?.over();
        return;
      default:
        assertNever(message);
    }
  }

  async #lend(draw: Parameters<LendScreen>[0]): Promise<void> {
    const over = deferred<undefined>();
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#lent?.over();
    this.#lent = { draw, over: () => over.resolve(undefined) };
    this.#send({ type: 'lend' });
    await over.promise;
    this.#lent = undefined;
  }

  #print(text: string): void {
    if (this.#socket.bufferedAmount > MOST_WAITING) {
      this.#unshown++;
      return;
    }
    const note =
      this.#unshown > 0
        ? `(${plural(this.#unshown, 'line')} left out: this terminal was too slow; tail() has them)\n`
        : '';
    this.#unshown = 0;
    this.#send({ type: 'print', text: note + text });
  }

  #send(message: FromNode): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
