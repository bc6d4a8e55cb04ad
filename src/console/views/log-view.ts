import pino from 'pino';
import pinoPretty from 'pino-pretty';
import type { Cancel, Clock } from '../../lib/time/clock.ts';
import { formatMs } from '../../lib/time/duration.ts';
import { indented, legible, oneLine, severalLines } from '../../lib/text/foreign-text.ts';
import { quote } from '../../lib/text/quote.ts';
import { paintFor } from './paint.ts';
import type { Paint } from './paint.ts';

/** A log line in pino's form: from the slave processes, or from the console itself. */
export interface LogLine {
  level: number;
  time: number;
  msg?: string | undefined;
  [field: string]: unknown;
}

/** Where the lines go, and how many. */
export interface LogViewOptions {
  clock: Clock;
  colors: boolean;
  /** Gets complete lines, at most every 40 ms. */
  write: (text: string) => void;
  /** Lines beyond this in a second are only counted, and the count is shown. @default 100 */
  mostPerSecond?: number;
  /** The command that shows fewer lines. @default "logLevel('warn')" */
  remedy?: string;
}

const BATCH_MS = 40;
/** Lines of several processes arrive up to this late, and are put in order until then. */
const SETTLE_MS = 80;
const SECOND_MS = 1000;
/** Names of processes and scenarios are shorter. */
const MAX_FIELD_LENGTH = 200;
/** Warnings and errors have their own limit, and so has the master: chatter cannot hide them. */
const WARN_LEVEL = 40;
const INFO_LEVEL = 30;
/** Fields with a place of their own in the line. */
const PLACED = [
  'level',
  'time',
  'pid',
  'hostname',
  'amoc',
  'node',
  'scenario',
  'user',
  'trace',
  'lateMs',
  'msg',
];
/** Fields that pino-pretty would put before the line, where they look like its beginning, or would lose. */
const MISPLACED = ['name', 'caller', 'timestamp', '__proto__'];

/**
 * Shows log lines through pino-pretty, in lager's look:
 * `2026-11-24 10:11:12.345 [info] my_scenario user 7@local/1 logged in`.
 */
export class LogView implements Disposable {
  readonly #options: LogViewOptions;
  readonly #most: number;
  readonly #format: (line: LogLine) => string;
  #waiting: { time: number; arrived: number; text: string }[] = [];
  #secondBegan = -Infinity;
  #shown = { chatter: 0, own: 0, warnings: 0 };
  #hidden = 0;
  #cancel: Cancel | undefined;
  /** While true, lines are kept, because half a line is on the screen. */
  isHeld = false;

  constructor(options: LogViewOptions) {
    this.#options = options;
    this.#most = options.mostPerSecond ?? 100;
    this.#format = prettyFormat(options.colors);
  }

  /** Takes in lines; `dropped` is how many others did not arrive here. */
  add(lines: readonly LogLine[], dropped = 0): void {
    for (const line of lines) this.#addOne(line);
    this.#hidden += dropped;
    this.#arm();
  }

  /** Writes the waiting lines in the order of time; the newest wait a moment longer unless `all` is true. */
  flush(all = true): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.isHeld) {
      this.#arm();
      return;
    }
    const { clock, write } = this.#options;
    const now = clock.monotonic();
    if (this.#hidden > 0 && now - this.#secondBegan >= SECOND_MS) this.#tellHidden();
    // By the time of arrival: the clocks of other machines may be wrong.
    const settled = this.#waiting.filter(({ arrived }) => all || arrived <= now - SETTLE_MS);
    const latest = settled.reduce((most, { time }) => Math.max(most, time), -Infinity);
    this.#waiting.sort((a, b) => a.time - b.time);
    const due = this.#waiting.filter(({ time }) => time <= latest);
    this.#waiting = this.#waiting.filter(({ time }) => time > latest);
    if (due.length > 0) write(due.map(({ text }) => text).join(''));
    if (this.#waiting.length > 0) this.#arm();
    // The number of hidden lines is shown even when no more lines come.
    else if (this.#hidden > 0) this.#arm(SECOND_MS);
  }

  [Symbol.dispose](): void {
    if (this.#hidden > 0) this.#tellHidden();
    this.flush();
    this.#cancel?.();
  }

  #addOne(line: LogLine): void {
    const now = this.#options.clock.monotonic();
    if (now - this.#secondBegan >= SECOND_MS) {
      if (this.#hidden > 0) this.#tellHidden();
      this.#secondBegan = now;
      this.#shown = { chatter: 0, own: 0, warnings: 0 };
    }
    // Lines from a file are unchecked; a time that is not a number would keep all others from being due.
    const level = typeof line.level === 'number' ? line.level : INFO_LEVEL;
    const whose = line['node'] === undefined ? 'own' : 'chatter';
    const kind = level >= WARN_LEVEL ? 'warnings' : whose;
    if (this.#shown[kind] >= this.#most) {
      this.#hidden++;
      return;
    }
    this.#shown[kind]++;
    const time = Number.isFinite(line.time) ? line.time : this.#options.clock.now();
    this.#waiting.push({ time, arrived: now, text: this.#format({ ...line, level, time }) });
  }

  #tellHidden(): void {
    const { clock, remedy = "logLevel('warn')" } = this.#options;
    const msg = `${this.#hidden} more log lines were not shown (at most ${this.#most} a second are shown); ${remedy} shows fewer`;
    const time = clock.now();
    const arrived = clock.monotonic();
    this.#waiting.push({ time, arrived, text: this.#format({ level: WARN_LEVEL, time, msg }) });
    this.#hidden = 0;
  }

  #arm(delayMs = BATCH_MS): void {
    this.#cancel ??= this.#options.clock.schedule(delayMs, () => this.flush(false), {
      background: true,
    });
  }
}

/** Lines as they are shown above the prompt. */
export function renderLog(lines: readonly LogLine[], paint: Paint): string {
  return lines.map((line) => formatLine(line, paint)).join('\n');
}

function prettyFormat(colors: boolean): (line: LogLine) => string {
  const paint = paintFor(colors);
  const format = pinoPretty.prettyFactory({
    colorize: colors,
    ignore: [...PLACED, ...MISPLACED].join(','),
    // With a prototype, a field called "valueOf" would get JavaScript's own function as its prettifier.
    customPrettifiers: Object.create(null) as Record<string, never>,
    messageFormat: (line) => formatLine(line as unknown as LogLine, paint),
  }) as (line: LogLine) => string;
  return (line) => {
    const clean = legible(withOwnFields(line), severalLines);
    const further = MISPLACED.filter((name) => Object.hasOwn(clean, name)).map(
      (name) => `    ${paint.magenta(name)}: ${JSON.stringify(clean[name])}\n`,
    );
    return format(clean) + further.join('');
  };
}

/** Puts the fields that a scenario logged among those of the line; a name that is taken gets `fields.`. */
function withOwnFields({ fields, ...line }: LogLine): LogLine {
  if (typeof fields !== 'object' || fields === null) return line;
  const taken = new Set([...PLACED, ...MISPLACED, ...Object.keys(line)]);
  const own = Object.entries(fields).map(([name, value]): [string, unknown] => [
    taken.has(name) ? `fields.${name}` : name,
    value,
  ]);
  return { ...line, ...Object.fromEntries(own) };
}

/** Text from a server, a scenario or a slave must neither steer the terminal nor look like another line. */
function formatLine(line: LogLine, paint: Paint): string {
  const { scenario, user, node, trace, lateMs, msg } = line;
  const level = pino.levels.labels[line.level] ?? String(line.level);
  const where = textOf(node);
  const who = user === undefined ? where : `user ${textOf(user)}@${where === '' ? '?' : where}`;
  const prefix = [textOf(scenario), who].filter((part) => part !== '').join(' ');
  return [
    paint.dim(timestamp(line.time)),
    paintLevel(level, paint),
    ...(typeof lateMs === 'number' ? [paint.yellow(sayLate(lateMs))] : []),
    ...(prefix === '' ? [] : [paint.cyan(prefix)]),
    paintTrace(indented(typeof msg === 'string' ? msg : textOf(msg)), trace, paint),
  ].join(' ');
}

/** It comes before the text, because the text itself could claim to be late. */
function sayLate(lateMs: number): string {
  return `(${formatMs(Math.round(lateMs / 1000) * 1000)} late)`;
}

/** A field of any type as one line: what other programs log is unchecked. */
function textOf(field: unknown): string {
  if (field === undefined) return '';
  return oneLine(typeof field === 'string' ? field : quote(field), MAX_FIELD_LENGTH);
}

/** @param trace the direction of traced traffic: `in` or `out` */
function paintTrace(text: string, trace: unknown, paint: Paint): string {
  if (trace === 'out') return paint.magenta(text);
  return trace === 'in' ? paint.blue(text) : text;
}

function paintLevel(level: string, paint: Paint): string {
  const text = `[${level}]`;
  if (level === 'error' || level === 'fatal') return paint.red(text);
  if (level === 'warn') return paint.yellow(text);
  return level === 'info' ? paint.green(text) : paint.gray(text);
}

/** `2026-11-24 10:11:12.345`, in local time. */
function timestamp(epochMs: number): string {
  const at = new Date(epochMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${date} ${time}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}
