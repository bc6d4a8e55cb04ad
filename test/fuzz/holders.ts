import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { deferred } from '../../src/lib/time/async.ts';
import { systemClock } from '../../src/lib/time/clock.ts';
import type { Random } from '../../src/lib/ids/random.ts';
import { isSeriesKey } from '../../src/metrics/labels.ts';
import { encodeHistogram, newHistogram, recordInto } from '../../src/metrics/histogram.ts';
import { offerHandshake } from '../../src/protocol/handshake.ts';
import type { NodeInfo } from '../../src/protocol/messages.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { dialMaster } from '../../src/protocol/websocket-transport.ts';
import { noUsers } from '../../src/users/lifecycle.ts';
import { hostileTexts } from '../support/hostile-text.ts';
import { prepared } from '../support/prepared.ts';
import type { Field } from './field.ts';
import { damaged, frame, nested, record, slaveTypes } from './frames.ts';
import { inParallel, within } from './in-parallel.ts';

const WIDTH = 10;
/** Frames between two answers of the master: so many it has to read at once. */
const BATCH = 50;
const ANSWER_MS = 60_000;
/** As slaves do it: a master takes silence for a cut link. */
const BEAT_MS = 1000;
/** Of the beats that are waited for; others have lower ones, or far higher. */
const FIRST_BEAT = 1e9;
const MAX_DIALS = 5;
/** A frame of megabytes comes once in so many. */
const HUGE_EVERY = 20_000;

/** What those who know the cookie have done. */
export interface HoldersTold {
  frames: number;
  connections: number;
  /** Names of those who have reported what cannot be. */
  liars: string[];
}

/**
 * Slaves that know the cookie and mean harm, beside the honest ones, `count` frames from them: some babble, some
 * send what does not fit, some lie.
 *
 * @param prefix of their names
 * @throws when the master does not send away who must not stay
 */
export async function holders(
  field: Field,
  random: Random,
  count: number,
  prefix: string,
): Promise<HoldersTold> {
  const told: HoldersTold = { frames: 0, connections: 0, liars: [] };
  let nextHuge = Math.min(HUGE_EVERY, count / 2);
  await inParallel(WIDTH, async () => {
    if (told.frames >= count) return 'enough';
    const isHuge = told.frames >= nextHuge;
    if (isHuge) nextHuge += HUGE_EVERY;
    const holder = await Holder.join(field, `${prefix}-holder${++told.connections}/1`);
    if (isHuge) await huge(holder, random);
    else
      await random.pick([babble, babble, mutate, mutate, damage, lie, precede, watch])(
        holder,
        random,
      );
    told.frames += holder.frames;
    if (holder.isLiar) told.liars.push(holder.name);
    return 'more';
  });
  return told;
}

/** How a holder answers what the master asks. */
type Answers = 'well' | 'oddly' | 'never';

/** What the master says: a request, or the answer to a beat. */
interface Asked {
  type: string;
  id: number;
  operation: string;
  sequence?: number;
}

/** A slave made by hand, which has proved itself. */
class Holder {
  readonly name: string;
  readonly field: Field;
  readonly #transport: Transport;
  readonly #info: NodeInfo;
  readonly #key: string;
  readonly #closed = deferred<string>();
  readonly #ready = deferred<undefined>();
  readonly #beating: NodeJS.Timeout;
  #beat = FIRST_BEAT;
  #onBeat: (() => void) | undefined;
  answers: Answers = 'well';
  frames = 0;
  isLiar = false;

  private constructor(field: Field, transport: Transport, info: NodeInfo, key: string) {
    this.field = field;
    this.name = info.name;
    this.#transport = transport;
    this.#info = info;
    this.#key = key;
    this.#beating = setInterval(() => transport.send('{"type":"beat","sequence":1}'), BEAT_MS);
    transport.onClose = (reason) => {
      clearInterval(this.#beating);
      this.#closed.resolve(reason);
      this.#onBeat?.();
    };
  }

  static async join(field: Field, name: string): Promise<Holder> {
    const key = randomBytes(32).toString('hex');
    const watchdog = createHash('sha256').update(key).digest('hex');
    const identity = randomBytes(8).toString('hex');
    const info = { name, host: 'h', pid: 1, version: '0', node: '20', identity, watchdog };
    const transport = await dial(field);
    await offerHandshake(transport, field.cookie, 'slave', info, systemClock);
    return new Holder(field, transport, info, key);
  }

  /** Another connection, of the watchdog of this process. */
  async dialWatchdog(key = this.#key): Promise<Transport> {
    const transport = await dial(this.field);
    await offerHandshake(transport, this.field.cookie, 'watchdog', this.#info, systemClock, key);
    return transport;
  }

  /** Hears what the master asks from now on. */
  listen(random: Random): void {
    this.#transport.onFrame = (text) => {
      const message = JSON.parse(text) as Asked;
      if (message.type === 'beat' && message.sequence === this.#beat) this.#onBeat?.();
      if (message.type !== 'request' || this.answers === 'never') return;
      this.send(this.answers === 'well' ? answerTo(message) : oddAnswer(random, message));
      if (message.operation === 'init') this.#ready.resolve(undefined);
    };
  }

  send(text: string): void {
    this.frames++;
    this.#transport.send(text);
  }

  /** Waits until the master has read all of it. @returns false when it has closed the connection instead */
  async isRead(): Promise<boolean> {
    const isOver = this.#closed.promise.then(() => false);
    const answered = new Promise<boolean>((resolve) => (this.#onBeat = () => resolve(true)));
    this.send(JSON.stringify({ type: 'beat', sequence: ++this.#beat }));
    const came = Promise.race([isOver, answered]);
    assert.ok(await within(ANSWER_MS, came), `${this.name}: no answer to a beat`);
    return came;
  }

  /** Waits until it takes part in the run. */
  async admitted(): Promise<void> {
    const isReady = await within(
      ANSWER_MS,
      Promise.race([this.#ready.promise, this.#closed.promise]),
    );
    assert.ok(isReady, `${this.name} was not made ready for users`);
    await this.isRead();
  }

  /** The master must close the connection, and say why. */
  async sentAway(why: RegExp, after: string): Promise<void> {
    const told = `${this.name}, after ${after.slice(0, 300)}`;
    assert.ok(await within(ANSWER_MS, this.#closed.promise), `not sent away: ${told}`);
    assert.match(await this.#closed.promise, why, told);
  }

  leave(): void {
    this.#transport.close('enough');
  }
}

/** Dials as a slave does: again, when the master was too busy to answer in time. */
async function dial(field: Field): Promise<Transport> {
  for (let tried = 1; ; tried++) {
    try {
      return await dialMaster(field.masterUrl);
    } catch (error) {
      if (tried === MAX_DIALS) throw error;
    }
  }
}

function answerTo({ id, operation }: Asked): string {
  const users = { users: [], errors: [] };
  const result = operation === 'prepare' ? prepared() : operation === 'users' ? users : {};
  return JSON.stringify({ type: 'reply', id, result });
}

function oddAnswer(random: Random, { id }: { id: number }): string {
  const error = { name: random.pick(hostileTexts), message: random.pick(hostileTexts) };
  return random.pick([
    `{"type":"reply","id":${id},"result":{"value":${nested(20_000)}}}`,
    JSON.stringify({ type: 'reply', id, result: record(random) }),
    JSON.stringify({ type: 'failure', id, error: { ...error, stack: 'x'.repeat(60_000) } }),
  ]);
}

const users = noUsers;
const load = { cpu: 0, loopDelayMs: 0, rssBytes: 1 };
const ended = { finished: [], crashed: [], removed: [], moved: [], back: [], revision: 0 };
/** Figures under the names of those of the honest ones: none of them may arrive anywhere. */
const stolen = {
  counters: { beats: 1e6, odd_accepted: 7, odd_sum: 0.25, odd_done: 1, messages_sent: 1e15 },
  histograms: {},
};

/** A report that fits, with what is changed in it. */
function report(run: string, change: Record<string, unknown>): string {
  const delta = { counters: {}, histograms: {} };
  return JSON.stringify({ type: 'report', sequence: 1, run, users, load, delta, ended, ...change });
}

/** Well-formed, and the master has nothing against it. */
function harmless(random: Random, run: string, sequence: number): string {
  const text = random.pick(hostileTexts);
  const fields = { [text]: text, node: 'honest/1', level: 'loud', list: [{ time: text }] };
  const record = { level: random.pick([0, 30, 100]), time: random.pick([0, 1.5, 8e15]), msg: text };
  const err = { type: text, message: text, stack: text };
  const counters = { [`liar_${random.integer(1, 20)}`]: random.pick([0, 0.1, 9e15, 1e40]) };
  const long = `liar{of="${'x'.repeat(80)}",${'y'.repeat(80)}="z"}`;
  const gauges = { liar: random.pick([-1e40, 1e40, 0]), [long]: 1 };
  const [from, to] = [random.integer(1, 50), random.integer(51, 1e8)];
  const messages: (() => object)[] = [
    () => ({ type: 'beat', sequence: random.pick([0, 1, 2 ** 53 - 1]) }),
    () => ({ type: 'beat', sequence: 1, clock: { roundTripMs: 1e12, offsetMs: -1e308 } }),
    () => ({ type: 'logs', dropped: random.pick([0, 2 ** 53 - 1]), records: [record] }),
    () => ({
      type: 'logs',
      dropped: 0,
      records: [
        { ...record, fields },
        { ...record, err },
      ],
    }),
    () => ({ type: 'logs', dropped: 0, records: [{ ...record, scenario: 'odd', user: 1 }] }),
    () => ({ type: 'reply', id: random.pick([0, 1e6, 2 ** 53 - 1]), result: text }),
    () => ({ type: 'failure', id: 1e6, error: { name: text, message: text, code: text } }),
    () => ({ type: 'blocked', forMs: 1e12, frames: [] }),
    () => ({ type: 'unblocked', afterMs: 1e12 }),
  ];
  const reports: (() => string)[] = [
    // Of another run, or of none: the master has no use for it.
    () => report(`${run}-0`, { sequence, delta: stolen, users: { ...users, running: 9e15 } }),
    () => report(run, { sequence, run: undefined, delta: stolen }),
    () => report(`${run}-0`, { sequence, ended: { ...ended, finished: [{ from, to, step: 1 }] } }),
    // Long ago.
    () => report(run, { sequence: 0, delta: stolen, users: { ...users, running: 9e15 } }),
    // Figures that could be true, of names that nobody else has.
    () => report(run, { sequence, delta: { counters, gauges, histograms: {} } }),
    () => report(run, { sequence, load: { cpu: 1e6, loopDelayMs: 1e12, rssBytes: 2 ** 53 - 1 } }),
  ];
  return random.float() < 0.7 ? JSON.stringify(random.pick(messages)()) : random.pick(reports)();
}

/** Well-formed frames, hundreds of them, and a damaged one in the end. */
async function babble(holder: Holder, random: Random): Promise<void> {
  holder.listen(random);
  await holder.admitted();
  const { run } = holder.field;
  const batches = random.integer(2, 12);
  for (let batch = 0; batch < batches; batch++) {
    for (let at = 1; at <= BATCH; at++) holder.send(harmless(random, run, batch * BATCH + at));
    assert.ok(await holder.isRead(), `${holder.name} was sent away for something harmless`);
  }
  if (random.float() < 0.3) holder.leave();
  else await cutOff(holder, fault(random, run));
}

/** Frames that are nearly messages, until one of them costs the connection. */
async function mutate(holder: Holder, random: Random): Promise<void> {
  holder.answers = random.pick(['well', 'oddly', 'never']);
  holder.listen(random);
  for (let at = 0; at < BATCH; at++) {
    const text = frame(random, slaveTypes);
    holder.send(random.float() < 0.5 ? text : damaged(random, harmless(random, 'x', 1)));
    if (at % 5 === 4 && !(await holder.isRead())) return;
  }
  holder.leave();
}

/** One frame that cannot be a message, at any time. */
async function damage(holder: Holder, random: Random): Promise<void> {
  holder.listen(random);
  if (random.float() < 0.5) await holder.admitted();
  await cutOff(holder, fault(random, holder.field.run));
}

async function cutOff(holder: Holder, text: string): Promise<void> {
  holder.send(text);
  holder.send(report(holder.field.run, { sequence: 1e6, delta: stolen }));
  await holder.sentAway(/^invalid message: /, text);
}

/** `__proto__` is dropped where a frame is read, before anybody could look at it. */
const noNames = hostileTexts.filter((text) => !isSeriesKey(text) && text !== '__proto__');

/** A frame that does not fit, certainly. */
function fault(random: Random, run: string): string {
  const counter = (name: string, count: unknown): string =>
    report(run, {
      sequence: 1e6,
      delta: { counters: { beats: 5, [name]: count }, histograms: {} },
    });
  const histogram = (text: unknown): string =>
    report(run, {
      sequence: 1e6,
      delta: { counters: { beats: 5 }, histograms: { message_ttd: text } },
    });
  const finished = (ranges: unknown): string =>
    report(run, { sequence: 1e6, delta: stolen, ended: { ...ended, finished: ranges } });
  const log = (change: object): string =>
    JSON.stringify({
      type: 'logs',
      dropped: 0,
      records: [{ level: 30, time: 1, msg: 'x', ...change }],
    });
  return random.pick<() => string>([
    () => histogram(random.pick(['!!!', '\u0000', 'A'.repeat(100_001), '////', 5, null])),
    () => counter('beats', random.pick([-1, -1e300, null, '5', 1e41])),
    () => counter(random.pick(noNames), 1),
    () => counter('x'.repeat(random.integer(101, 900)), 1),
    () => counter(`liar{of="${'x'.repeat(900)}"}`, 1),
    () => finished([{ from: 1, to: 10, step: 4 }]),
    () => finished([{ from: 5, to: 1, step: 1 }]),
    () => finished([{ from: 1, to: 1e9, step: 1 }]),
    () => finished([{ from: 0, to: 1, step: 0 }]),
    () => report(run, { users: { ...users, running: 1e300 } }),
    () => report(run, { users: { ...users, running: -1 } }),
    () => report(run, { load: { cpu: -1, loopDelayMs: 0, rssBytes: 0 } }),
    () => report(run, { sequence: 0.5 }),
    () => log({ time: random.pick([-1, 1e300, '1', null]) }),
    () => log({ level: random.pick([-1, 101, 'x', 0.5]) }),
    () => log({ user: 0 }),
    () => log({ msg: 'x'.repeat(70_000) }),
    () => log({ fields: { a: { a: Array(3000).fill(0) } } }),
    () =>
      `{"type":"logs","dropped":0,"records":[{"level":30,"time":1,"fields":{"a":${nested(random.pick([17, 5000, 200_000]))}}}]}`,
    () =>
      JSON.stringify({
        type: 'logs',
        dropped: 0,
        records: Array(2001).fill({ level: 0, time: 0 }),
      }),
    () => `{"__proto__":{"type":"beat","sequence":1}}`,
    () => nested(random.pick([1, 1000, 100_000])),
    () =>
      random.pick(['', '{', 'null', '0', '"beat"', '\ud800', '{"type":"kill"}', '{"type":"beat"}']),
  ])();
}

/** What no process can have to say that has no users. */
async function lie(holder: Holder, random: Random): Promise<void> {
  holder.listen(random);
  await holder.admitted();
  const { run } = holder.field;
  const ranges = (count: number): unknown =>
    Array.from({ length: count }, () => ({ from: 1, to: 1e8, step: 1 }));
  const [first, second] = [
    { from: 1, to: 200, step: 1 },
    { from: 2, to: 2, step: 1 },
  ];
  const change = random.pick<() => Record<string, unknown>>([
    () => ({ users: { ...users, running: random.pick([1, 200, 9e15]) } }),
    () => ({ users: { ...users, starting: 9e15, waiting: 9e15, leaving: 9e15 } }),
    () => ({ digest: { count: random.pick([1, 2 ** 53 - 1]), sum: 0 } }),
    () => ({ ended: { ...ended, finished: [first] } }),
    () => ({ ended: { ...ended, crashed: [second], removed: [second] } }),
    () => ({ ended: { ...ended, finished: ranges(random.pick([1, 2, 10_000])), revision: 9e15 } }),
    () => ({ ended: { ...ended, back: [first], revision: 1 } }),
    () => ({ delta: { ...stolen, counters: { ...stolen.counters, users_started: 5 } } }),
  ])();
  const told = report(run, { sequence: 1e6, delta: stolen, ...change });
  holder.send(told);
  holder.send(report(run, { sequence: 1e6 + 1, delta: stolen }));
  await holder.sentAway(/evicted/, told);
  holder.isLiar = true;
}

/** Figures of a run that it was not made ready for. */
async function precede(holder: Holder, random: Random): Promise<void> {
  holder.answers = random.pick(['oddly', 'never']);
  holder.send(report(holder.field.run, { sequence: 1, delta: stolen }));
  holder.listen(random);
  holder.send(report(holder.field.run, { sequence: 2, delta: stolen }));
  await holder.isRead();
  holder.leave();
}

/** A watchdog that says of its process, and of itself, what it likes. */
async function watch(holder: Holder, random: Random): Promise<void> {
  holder.listen(random);
  await holder.admitted();
  const wrong = await holder.dialWatchdog(randomBytes(32).toString('hex'));
  const refused = new Promise<string>((resolve) => (wrong.onClose = resolve));
  assert.ok(await within(ANSWER_MS, refused), 'a watchdog with a wrong key was not closed');
  assert.match(await refused, /not the watchdog/);
  const right = await holder.dialWatchdog();
  right.onFrame = () => {};
  const closed = new Promise<string>((resolve) => (right.onClose = resolve));
  const text = random.pick(hostileTexts);
  const place = { function: text, file: `/scenarios/${text}`, line: 1, column: 2 ** 53 - 1 };
  const messages = [
    { type: 'blocked', forMs: random.pick([0, 2000, 5000]), frames: [place, place] },
    { type: 'unblocked', afterMs: random.pick([0, 1e12]) },
    { type: 'beat', sequence: 9e15 },
    { type: 'report', sequence: 1, run: holder.field.run, users, load, delta: stolen, ended },
    { type: 'leaving' },
  ];
  for (let at = 0; at < BATCH; at++) right.send(JSON.stringify(random.pick(messages)));
  // Figures are none of its business, damaged or not: this is no message at all.
  right.send('{"type":"beat"}');
  holder.frames += BATCH + 1;
  assert.ok(await within(ANSWER_MS, closed), 'a watchdog with a fault was not closed');
  holder.leave();
}

const oneValue = ((): string => {
  const values = newHistogram();
  recordInto(values, 5);
  return encodeHistogram(values);
})();

/** Megabytes in one frame: deep, or many of something. */
async function huge(holder: Holder, random: Random): Promise<void> {
  holder.listen(random);
  await holder.admitted();
  const { run } = holder.field;
  const series = (count: number, value: unknown): Record<string, unknown> =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => [
        `liar_${holder.name.replace(/\W/g, '_')}_${at}`,
        value,
      ]),
    );
  const record = { level: 30, time: 1, msg: 'm'.repeat(60_000) };
  const kinds: (() => [text: string, why: RegExp | undefined])[] = [
    () => [`{"type":"beat","sequence":1,"zzz":${nested(3_000_000)}}`, /nested/],
    () => [nested(3_000_000), /nested/],
    () => [`"${'x'.repeat(15_000_000)}"`, /^invalid message/],
    () => [`"${'x'.repeat(17_000_000)}"`, /Max payload|1009|code/],
    () => [
      JSON.stringify({ type: 'logs', dropped: 0, records: Array(200).fill(record) }),
      undefined,
    ],
    () => [
      JSON.stringify({
        type: 'logs',
        dropped: 0,
        records: Array(10).fill({ ...record, fields: { a: 'f'.repeat(1_000_000) } }),
      }),
      undefined,
    ],
    () => [
      report(run, { sequence: 9, delta: { counters: series(50_000, 1), histograms: {} } }),
      /more metrics/,
    ],
    () => [
      report(run, { sequence: 9, delta: { counters: {}, histograms: series(1500, oneValue) } }),
      undefined,
    ],
    () => [
      report(run, {
        sequence: 9,
        delta: { counters: {}, histograms: {}, gauges: series(50_000, 1) },
      }),
      /more metrics/,
    ],
  ];
  const [text, why] = random.pick(kinds)();
  holder.send(text);
  if (why !== undefined) await holder.sentAway(why, text);
  else await holder.isRead();
  holder.leave();
}
