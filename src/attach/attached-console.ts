import { WebSocket } from 'ws';
import type { Completion } from '../console/terminal/mod.ts';
import { errorText } from '../console/shell/error-text.ts';
import { LogView } from '../console/views/mod.ts';
import type { LendScreen, LogLine } from '../console/views/mod.ts';
import { paintOf } from '../console/views/paint.ts';
import type { Paint } from '../console/views/paint.ts';
import type { Operator, Shell } from '../console/shell/mod.ts';
import { deferred } from '../lib/time/async.ts';
import { assertNever } from '../lib/assert.ts';
import type { Clock } from '../lib/time/clock.ts';
import { count, plural } from '../lib/text/plural.ts';
import { ANSWER_MS, ATTACH_VERSION, decode, fromConsole } from './messages.ts';
import type { FromConsole, FromNode } from './messages.ts';

/** At most this many inputs of one console are evaluated at a time. */
const MAX_RUNNING_INPUTS = 64;
/** At most this many bytes wait for a console that does not read; more output is left out and counted. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** The most characters of one text: a message of the socket must be able to hold it. */
const MAX_TEXT_LENGTH = 2 * 1024 * 1024;

/** What the consoles of a node use. */
export interface AttachParts {
  name: string;
  clock: Clock;
  banner: (paint: Paint) => string;
  openShell: (operator: Operator) => Shell;
  complete: (line: string) => Completion;
  /** An operator has attached or detached. */
  onAttached: (text: string) => void;
}

/** What a console reports, and how it learns of the others. */
export interface ConsoleEvents {
  onGreeted: (who: string) => void;
  onLeft: (who: string | undefined) => void;
  others: () => readonly string[];
}

/** One console at the other end of the socket. */
export class AttachedConsole {
  readonly #socket: WebSocket;
  readonly #parts: AttachParts;
  readonly #events: ConsoleEvents;
  readonly #running = new Map<number, AbortController>();
  #shell: Shell | undefined;
  #view: LogView | undefined;
  #lent: { draw: Parameters<LendScreen>[0]; over: () => void } | undefined;
  #drawing: Promise<string> | undefined;
  #unshown = 0;
  /** The name of its operator; a console that does not show the log has none, and does not count as attached. */
  who: string | undefined;

  constructor(socket: WebSocket, parts: AttachParts, events: ConsoleEvents) {
    this.#socket = socket;
    this.#parts = parts;
    this.#events = events;
    const cancel = parts.clock.schedule(
      ANSWER_MS,
      () => this.close('the console did not identify itself'),
      {
        background: true,
      },
    );
    socket.on('message', (data) => {
      // A console that was sent away may have sent more before it read that.
      if (socket.readyState !== WebSocket.OPEN) return;
      const message = decode(fromConsole, data);
      if (message === undefined) this.close('a message was not understood');
      else if (message.type === 'hello') {
        cancel();
        this.#greet(message);
      } else if (this.#shell === undefined) this.close('the console did not identify itself');
      else void this.#dispatch(message, this.#shell);
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
        `the console speaks version ${version} of its protocol, this node version ${ATTACH_VERSION}; use the same release`,
      );
      return;
    }
    if (this.#shell !== undefined) return;
    const { parts, paint } = { parts: this.#parts, paint: paintOf(colors) };
    this.#shell = parts.openShell({
      name: who,
      paint,
      print: (text) => this.#print(text),
      printError: (text) => this.#print(text, true),
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

  async #dispatch(message: Exclude<FromConsole, { type: 'hello' }>, shell: Shell): Promise<void> {
    switch (message.type) {
      case 'run': {
        const { id, text, json } = message;
        if (this.#running.size >= MAX_RUNNING_INPUTS) {
          this.close(`${MAX_RUNNING_INPUTS} inputs are being evaluated already`);
          return;
        }
        // Two inputs of one number would end each other's wait, and one would not be counted.
        if (this.#running.has(id)) {
          this.close(
            `input ${id} is being evaluated already; each input needs a number of its own`,
          );
          return;
        }
        const controller = new AbortController();
        this.#running.set(id, controller);
        const outcome = await shell.run(text, { signal: controller.signal, json });
        this.#running.delete(id);
        // The log lines of an input come before its result.
        this.#view?.flush();
        this.#send({ type: 'outcome', id, outcome, number: shell.number });
        return;
      }
      case 'interrupt':
        this.#running.get(message.id)?.abort();
        return;
      case 'complete': {
        const [names, part, about] = this.#complete(message.line);
        const described = about === undefined ? {} : { about };
        this.#send({ type: 'completion', id: message.id, names, part, ...described });
        return;
      }
      case 'draw': {
        const text = await this.#draw(message.columns, shell);
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

  #complete(line: string): Completion {
    try {
      return this.#parts.complete(line);
    } catch {
      return [[], line];
    }
  }

  /** Draws one picture at a time: a request that comes during a drawing gets the same picture. */
  async #draw(columns: number, shell: Shell): Promise<string | undefined> {
    const { paint } = shell.operator;
    const drawing = (this.#drawing ??= this.#lent?.draw(columns, paint));
    try {
      return await drawing;
    } catch (error) {
      return errorText(error, paint);
    } finally {
      if (this.#drawing === drawing) this.#drawing = undefined;
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

  #print(whole: string, isError = false): void {
    if (this.#socket.bufferedAmount > MAX_WAITING_BYTES) {
      this.#unshown++;
      return;
    }
    const note =
      this.#unshown > 0
        ? `(${plural(this.#unshown, 'line')} left out: this terminal was too slow; tail() has them)\n`
        : '';
    this.#unshown = 0;
    const left = whole.length - MAX_TEXT_LENGTH;
    const text =
      left > 0 ? `${whole.slice(0, MAX_TEXT_LENGTH)}\n… ${count(left)} more characters\n` : whole;
    this.#send({ type: 'print', text: note + text, ...(isError ? { isError } : {}) });
  }

  #send(message: FromNode): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

/** Sends a console away. @param reason what its operator reads */
export function refuse(socket: WebSocket, reason: string): void {
  socket.send(JSON.stringify({ type: 'bye', reason } satisfies FromNode));
  socket.close();
}
