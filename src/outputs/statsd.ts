import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { AmocError, messageOf } from '../lib/errors.ts';
import { sleep } from '../lib/time/async.ts';
import type { Clock } from '../lib/time/clock.ts';
import { exportLabels, parseSeries } from '../metrics/labels.ts';
import type { DecodedDelta, MetricsSummary } from '../metrics/totals.ts';
import type { RunDefinition } from '../record/definition.ts';
import type { RunObserver } from '../record/observer.ts';
import { userEntries } from '../record/second.ts';
import type { SecondRow } from '../record/second.ts';
import { pathPrefix, SeriesPaths } from './graphite-names.ts';
import { defineOutput } from './output.ts';
import type { Tell } from './output.ts';

/** The figures of a run, to a StatsD daemon over UDP. */
export const statsd = defineOutput({
  name: 'StatsD',
  variables: {
    AMOC_STATSD: { description: 'HOST or HOST:PORT (8125) of a StatsD daemon' },
    AMOC_STATSD_PREFIX: { description: 'prefix of every name', default: 'amoc' },
    AMOC_STATSD_TAGS: {
      description: 'dogstatsd: labels are tags, as DogStatsD writes them; none: parts of the name',
      default: 'none',
    },
  },
  async create(env, { clock, tell }) {
    const address = env.address('AMOC_STATSD', 8125);
    if (address === undefined) return undefined;
    const tags = env.text('AMOC_STATSD_TAGS');
    if (tags !== 'none' && tags !== 'dogstatsd') {
      throw new AmocError('CONFIG', `AMOC_STATSD_TAGS: '${tags}' is not none or dogstatsd`);
    }
    const { MetricsTotals } = await import('../metrics/totals.ts');
    const totals = new MetricsTotals();
    const summarise = (delta: DecodedDelta): MetricsSummary['times'] => {
      totals.clear();
      totals.addDecoded(delta);
      return totals.summary().times;
    };
    const sender = new DatagramSender(address, clock, tell);
    const prefix = pathPrefix(env.text('AMOC_STATSD_PREFIX') as string);
    return {
      observer: (cluster) =>
        new StatsdOutput({ cluster, prefix, hasTags: tags === 'dogstatsd', summarise }, sender),
      [Symbol.asyncDispose]: () => sender[Symbol.asyncDispose](),
    };
  },
});

/** What fits into one packet of an Ethernet on the way to a daemon: more would be split, and lost in halves. */
const MAX_DATAGRAM_BYTES = 1432;
/** Datagrams that wait for the address of the daemon, or for the system; the oldest are dropped. */
const MAX_WAITING = 1000;
/** Time between two attempts to find the daemon. */
const RETRY_MS = 10_000;
/** The end of a program waits for the last datagrams this long at most. */
const MAX_CLOSE_MS = 500;

const reservedTags = new Set(['cluster', 'scenario']);
const percentiles = ['p50', 'p95', 'p99', 'max'] as const;

/** How lines are written. */
interface StatsdOptions {
  cluster: string;
  prefix: string;
  /** Whether labels are DogStatsD's tags, or else parts of names. */
  hasTags: boolean;
  /** The times of one second. */
  summarise: (delta: DecodedDelta) => MetricsSummary['times'];
}

/** Where a kind of metric has its names. */
type Folder = 'counters' | 'gauges' | 'times' | 'users' | 'nodes';

class StatsdOutput implements RunObserver {
  readonly #options: StatsdOptions;
  readonly #sender: DatagramSender;
  #scenario = '';
  #paths: SeriesPaths;

  constructor(options: StatsdOptions, sender: DatagramSender) {
    this.#options = options;
    this.#sender = sender;
    this.#paths = this.#newPaths();
  }

  started({ scenario }: RunDefinition): void {
    this.#scenario = scenario;
    this.#paths = this.#newPaths();
    this.#sender.runBegins();
  }

  second({ delta, users, nodes }: SecondRow): void {
    const { starting, running, waiting, leaving } = users;
    const lines = [
      ...Object.entries(delta.counters).flatMap(([series, count]) =>
        this.#line('counters', series, '', count, 'c'),
      ),
      ...Object.entries(delta.gauges ?? {}).flatMap(([series, value]) =>
        this.#gauge('gauges', series, value),
      ),
      ...Object.entries(this.#options.summarise(delta)).flatMap(([series, time]) => [
        ...this.#line('times', series, '.count', time.count, 'c'),
        // A size is not a time: a daemon would take it for milliseconds.
        ...percentiles.flatMap((stat) =>
          this.#line('times', series, `.${stat}`, time[stat], time.unit === undefined ? 'ms' : 'g'),
        ),
      ]),
      ...userEntries({ ...users }).flatMap(([state, count]) => this.#gauge('users', state, count)),
      ...this.#gauge('users', 'size', starting + running + waiting + leaving),
      ...this.#gauge('nodes', 'size', nodes.length),
      ...this.#gauge(
        'nodes',
        'saturated',
        nodes.filter(({ saturated }) => saturated !== undefined).length,
      ),
    ];
    this.#sender.send(lines);
  }

  ended(): void {
    // A daemon repeats the last value of a gauge forever.
    this.#sender.send(this.#gauge('users', 'size', 0));
  }

  /** A sign in front of a gauge is a change to StatsD, so a value below 0 is a change from 0. */
  #gauge(folder: Folder, series: string, value: number): string[] {
    const zero = value < 0 && !this.#options.hasTags ? this.#line(folder, series, '', 0, 'g') : [];
    return [...zero, ...this.#line(folder, series, '', value, 'g')];
  }

  /** One line, or none for a value that is not a number and a series whose name another one has. */
  #line(folder: Folder, series: string, stat: string, value: number, type: string): string[] {
    const { prefix, cluster, hasTags } = this.#options;
    const path = this.#paths.of(folder, series);
    const number = numberText(value);
    if (path === undefined || number === undefined) return [];
    if (!hasTags) return [`${prefix}.${path}${stat}:${number}|${type}`];
    const { name, labels } = parseSeries(series);
    const own = { cluster, scenario: this.#scenario };
    const all = { ...own, ...exportLabels(labels, (label) => reservedTags.has(label)) };
    const tags = Object.entries(all).map(([tag, text]) => `${tagText(tag)}:${tagText(text)}`);
    return [`${prefix}.${folder}.${pathPrefix(name)}${stat}:${number}|${type}|#${tags.join(',')}`];
  }

  #newPaths(): SeriesPaths {
    return new SeriesPaths((text) => this.#sender.tell('warn', text), 'StatsD');
  }
}

/** A number as every daemon reads it: without an exponent. */
function numberText(value: number): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  if (Math.abs(value) >= 1e15) return BigInt(Math.trunc(value)).toString();
  return String(Number(value.toFixed(6)));
}

/** A tag or its value: what separates tags and lines becomes `_`. */
function tagText(text: string): string {
  return text.slice(0, 200).replace(/[^\p{L}\p{N}_.\-/]/gu, '_') || '_';
}

/** A socket that is connected to the daemon. */
interface Link {
  socket: Socket;
  /** Reports why it does not work, and closes it. */
  lose: (error: unknown) => void;
  close: () => void;
}

/** Sends lines over UDP, several in a datagram. Nothing waits for it, and nothing fails because of it. */
class DatagramSender implements AsyncDisposable {
  readonly tell: Tell;
  readonly #address: { host: string; port: number };
  readonly #clock: Clock;
  #link: Link | undefined;
  #triedAt = -Infinity;
  #waiting: Buffer[] = [];
  #underway = 0;
  #isSaid = false;
  #isOver = false;

  constructor(address: { host: string; port: number }, clock: Clock, tell: Tell) {
    this.#address = address;
    this.#clock = clock;
    this.tell = tell;
    this.#open();
  }

  /** A daemon that cannot be reached is reported once in a run. */
  runBegins(): void {
    this.#isSaid = false;
  }

  send(lines: readonly string[]): void {
    if (this.#isOver) return;
    this.#waiting.push(...packed(lines));
    if (this.#waiting.length > MAX_WAITING)
      this.#waiting.splice(0, this.#waiting.length - MAX_WAITING);
    if (this.#link === undefined) this.#open();
    else this.#flush(this.#link);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const until = this.#clock.monotonic() + MAX_CLOSE_MS;
    while (this.#underway > 0 && this.#clock.monotonic() < until) {
      await sleep(5, { clock: this.#clock });
    }
    this.#isOver = true;
    this.#link?.close();
  }

  /** Looks the daemon up again from time to time: it may have moved, or not have been there yet. */
  #open(): void {
    const now = this.#clock.monotonic();
    if (now - this.#triedAt < RETRY_MS) return;
    this.#triedAt = now;
    this.#connect().catch((error: unknown) => this.#sayFailure(error));
  }

  async #connect(): Promise<void> {
    const { host, port } = this.#address;
    const { address, family } = await lookup(host);
    if (this.#isOver) return;
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    const close = (): void => {
      if (this.#link?.socket === socket) this.#link = undefined;
      isOpen = false;
      socket.close();
    };
    let isOpen = true;
    const lose = (error: unknown): void => {
      if (!isOpen) return;
      this.#sayFailure(error);
      close();
    };
    socket.unref();
    socket.on('error', lose);
    socket.once('connect', () => {
      if (this.#isOver) close();
      else this.#flush((this.#link = { socket, lose, close }));
    });
    socket.connect(port, address);
  }

  #flush({ socket, lose }: Link): void {
    for (const datagram of this.#waiting.splice(0)) {
      this.#underway++;
      socket.send(datagram, (error) => {
        this.#underway--;
        // The answer to a datagram that no daemon took comes with a later one.
        if (error !== null) lose(error);
      });
    }
  }

  #sayFailure(error: unknown): void {
    if (this.#isSaid || this.#isOver) return;
    this.#isSaid = true;
    const { host, port } = this.#address;
    this.tell(
      'warn',
      `StatsD (${host}:${port}) is unavailable: ${messageOf(error)}; the run continues, and values are lost`,
    );
  }
}

/** Puts as many lines into a datagram as fit; a line that fits into none is left out. */
function packed(lines: readonly string[]): Buffer[] {
  const datagrams: Buffer[] = [];
  let open: string[] = [];
  let bytes = 0;
  const close = (): void => {
    if (open.length > 0) datagrams.push(Buffer.from(open.join('\n')));
    open = [];
    bytes = 0;
  };
  for (const line of lines) {
    const size = Buffer.byteLength(line) + 1;
    if (size - 1 > MAX_DATAGRAM_BYTES) continue;
    if (bytes + size - 1 > MAX_DATAGRAM_BYTES) close();
    open.push(line);
    bytes += size;
  }
  close();
  return datagrams;
}
