import { chmodSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { LogLine } from '../console/views/mod.ts';
import { deferred } from '../lib/time/async.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { answering } from './answers.ts';
import type { Answer } from './answers.ts';
import { AttachedConsole, refuse } from './attached-console.ts';
import type { AttachParts } from './attached-console.ts';
import { MAX_BYTES } from './messages.ts';

export type { AttachParts };

const MAX_CONSOLES = 64;

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
      maxPayload: MAX_BYTES,
      perMessageDeflate: false,
      verifyClient: ({ req }: { req: IncomingMessage }) => req.headers.origin === undefined,
    });
    // `ws` passes the HTTP server's errors on; listen() reports them.
    this.#sockets.on('error', () => {});
    this.#sockets.on('connection', (socket) => {
      socket.on('error', () => {});
      if (parts === undefined) {
        refuse(socket, 'this node is a slave and has no console; attach to its master');
      } else if (this.#consoles.size >= MAX_CONSOLES) {
        refuse(socket, `${MAX_CONSOLES} consoles are attached already`);
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

  /** The names of the attached operators. */
  get attached(): string[] {
    return [...this.#consoles].flatMap(({ who }) => (who === undefined ? [] : [who]));
  }

  /** Shows log lines above every prompt. */
  log(lines: readonly LogLine[], dropped: number): void {
    for (const each of this.#consoles) each.log(lines, dropped);
  }

  /** Sends all consoles away and stops listening; a second call does nothing. @param reason what operators read */
  close(reason: string): Promise<void> {
    return (this.#closed ??= this.#close(reason));
  }

  async #close(reason: string): Promise<void> {
    for (const each of this.#consoles) each.close(reason);
    this.#sockets.close();
    const closed = deferred<undefined>();
    this.#http.close(() => closed.resolve(undefined));
    this.#http.closeIdleConnections();
    // A console that does not close its side must not hold up the end.
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
