import type { SettingValue, Settings, Variables } from '../config/variable.ts';
import type { MetricDoc } from '../metrics/catalogue.ts';
import type { MetricsRegistry } from '../metrics/metrics.ts';
import type { Finding } from './finding.ts';

/**
 * A protocol that users can speak. The engine knows protocols by this interface alone: a driver is one folder, and
 * a line in the list of drivers (`src/app/drivers.ts`).
 *
 * @typeParam Facet what a user has under the driver's name: `user.http`
 * @typeParam Shortcut members of the facet that the user has directly as well
 */
export interface Driver<
  Name extends string = string,
  Facet extends object = object,
  Shortcut extends string = never,
> {
  /** The user's member with the facet. */
  readonly name: Name;
  /** Settings of each run; no two drivers have a name in common. */
  readonly settings: Variables;
  /** Everything that the driver itself counts and times. */
  readonly metrics: Readonly<Record<string, MetricDoc>>;
  /** The figures that status, watch, summary and report show. */
  readonly headline?: Headline;
  /** Members of the facet that the user has directly as well. */
  readonly shortcuts?: Shortcuts<Shortcut>;
  /** The server under test, where the settings name one. */
  readonly target?: Target;
  /** A small server that amoc brings, for runs without a target. */
  readonly embedded?: Embedded;
  /**
   * Checks settings that are valid one by one but contradict each other.
   *
   * @throws {AmocError} `CONFIG` listing every contradiction
   */
  demandConsistent?(settings: Settings): void;
  /** Loads the code that users run: no process but a slave's needs it. */
  load(): Promise<OpenDriver<Facet>>;
  /**
   * `amoc doctor`: checks the server under test.
   *
   * @param settings those of the driver, resolved
   * @param login the id of a user to log in, if that was asked for
   */
  check?(settings: Settings, login: number | undefined): Promise<Finding[]>;
  /** A text of the protocol without its secrets, for traces. */
  mask?(text: string): string;
}

/** Any driver, as the engine handles it. */
export type AnyDriver = Driver<string, object, string>;

/** Opens a driver for one run in one process. */
export type OpenDriver<Facet extends object = object> = (
  context: DriverContext,
) => DriverRun<Facet>;

/** A driver whose code is loaded. */
export interface LoadedDriver {
  readonly driver: AnyDriver;
  readonly open: OpenDriver;
}

/** The parts of a driver that a master needs. */
export type DriverView = Pick<AnyDriver, 'headline' | 'target'>;

/** See {@link Driver.shortcuts}: how each member is reached. */
export interface Shortcuts<Shortcut extends string> {
  readonly getters: readonly Shortcut[];
  readonly methods: readonly Shortcut[];
}

/** Names of the metrics whose figures describe the traffic of a protocol, and their words. */
export interface Headline {
  /** What is counted, in the plural: `messages`. */
  readonly title: string;
  /** A counter. */
  readonly sent: string;
  /** A counter. */
  readonly received?: string;
  /** A histogram. */
  readonly latency?: {
    readonly metric: string;
    /** `time to delivery` */
    readonly words: string;
    /** At most eight letters, for a chart: `ttd`. */
    readonly short: string;
  };
}

/** See {@link Driver.target}. */
export interface Target {
  /** Whether settings name a server, resolved ones or those of a file, an environment or a command. */
  isNamed(given: Readonly<Record<string, unknown>>): boolean;
  /** The server as environment variables name it; `undefined` when they do not. */
  nameOf(environment: Readonly<Record<string, string | undefined>>): string | undefined;
  /** `no … target is set (AMOC_…)` */
  readonly missing: string;
  /** A warning: users of this scenario will look for a server, and none is named. */
  whyCrash(scenario: string): string;
}

/** See {@link Driver.embedded}. */
export interface Embedded {
  /**
   * Starts the server on loopback, in a process of its own.
   *
   * @param port 0 for any free port
   * @param settings those of the driver, resolved
   * @throws {AmocError} `CONNECTION` when the port cannot be opened
   */
  serve(port: number, settings: Settings): Promise<EmbeddedPlace>;
}

/** Where an embedded server listens. */
export interface EmbeddedPlace {
  readonly port: number;
  /** Settings that lead users there. */
  readonly settings: Readonly<Record<string, SettingValue>>;
}

/** What a driver gets when a run begins in a process. */
export interface DriverContext {
  /** Live: an update changes the object. */
  readonly settings: Settings;
  readonly metrics: MetricsRegistry;
  /** The time in ms that `schedule` counts in. */
  readonly now: () => number;
  /** Schedules a call on the process's timer wheel. Returns a function that cancels it. */
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
  /** Called with errors that no `start` threw. */
  readonly onStray: (error: unknown) => void;
  /** Writes a warning to the log. */
  readonly warn: (text: string, fields?: Record<string, unknown>) => void;
}

/** A driver in one run and one process; disposing of it closes what users share. */
export interface DriverRun<Facet extends object = object> extends Disposable {
  /**
   * The facet of a user. It is made at each use, so that a user with a facet takes no more memory than one without:
   * what a user has open is held by its {@link UserHost}.
   */
  facet(host: UserHost): Facet;
  /** How many connections are open in this process. */
  readonly openConnections: number;
}

/** One user, as a driver sees it. */
export interface UserHost {
  readonly id: number;
  /** Aborted when the user is removed by force; made at its first use. */
  readonly signal: AbortSignal;
  readonly metrics: MetricsRegistry;
  /** What the user's traffic is shown to, while it is traced. */
  readonly watcher: Watcher | undefined;
  /** @throws {AmocError} `REMOVED` when the user has been removed by force */
  demandPresent(): void;
  isRemoved(): boolean;
  /** The error with which everything ends that a removed user waits for. */
  removal(): Error;
  /** Keeps something open until the end of the user's `start`, or its removal by force. */
  hold(resource: Resource): void;
  /** Forgets what was held: it is closed. */
  release(resource: Resource): void;
}

/** Something that a user has open: a connection, or a function that closes something. */
export type Resource = Connection | (() => unknown);

/** A connection of a user. */
export interface Connection {
  close(): unknown;
  /** Ends it at once: its user was removed by force. */
  kill(): void;
  /** Shows its traffic to `watcher`. Returns a function that ends this. */
  watch?(watcher: Watcher): () => void;
}

/** Sees what a user sends and receives, as text. */
export type Watcher = (direction: 'in' | 'out', text: string) => void;

/** What a user has of a driver: the facet under its name, and the shortcuts. */
export type MembersOf<D> =
  D extends Driver<infer Name, infer Facet, infer Shortcut>
    ? { readonly [K in Name]: Facet } & Pick<Facet, Shortcut & keyof Facet>
    : never;

/** What a user has of all drivers of a list. */
export type MembersOfAll<List extends readonly unknown[]> = List extends readonly [
  infer First,
  ...infer Rest,
]
  ? MembersOf<First> & MembersOfAll<Rest>
  : unknown;
