import type { Command } from 'commander';
import { parseThreshold } from '../record/thresholds.ts';
import { idsOf, timeOf, UsageError, wholeNumberOf } from './command-line.ts';

/** A request to `amoc run`, checked as far as that is possible without the scenario. */
export interface RunRequest {
  scenario: string;
  /** First and last user id, at least 1. */
  from: number;
  to: number;
  /** Milliseconds; `Infinity` until all users have ended. */
  forMs: number;
  /** As they were typed; whether the scenario has these variables is checked later. */
  settings: Readonly<Record<string, string>>;
  /** The figure, and its limit: `message_ttd p99` and `< 200ms`. */
  thresholds: Readonly<Record<string, string>>;
  comment: string | undefined;
  seed: number | undefined;
  abortOnFail: boolean;
  /** Where the verdicts go as JUnit XML. */
  junit: string | undefined;
  json: boolean;
  /** Runs on the slaves of a master; `undefined`: on processes of this machine. */
  cluster: ClusterRequest | undefined;
}

/** Which slaves to wait for. */
export interface ClusterRequest {
  /** How many, at least 1. */
  slaves: number;
  timeoutMs: number;
}

/** The options that take a list, and a test for one more item of it. */
const lists: Readonly<Record<string, (text: string) => boolean>> = {
  '--settings': (text) => /^[A-Za-z_]\w*=/.test(text),
  '--threshold': (text) => /[<>]/.test(text),
};

const MAX_SLAVES = 10_000;
/** How long to wait for slaves where nothing else is said. */
const JOIN_MS = 60_000;

const EXIT_CODES = `
Exit codes:
  0  the run ended, no user crashed
  1  users crashed or were lost with their process (unless a threshold on errors
     allows it), or the run failed: in terminate, teardown, or a process that joined;
     or too few slaves joined (--cluster)
  2  wrong usage: arguments, settings, or a scenario that does not compile
  3  a threshold was missed
  4  a process of the load generator was saturated: the figures reflect the load
     generator, not the server

Options may also come before the scenario.
Examples:
  amoc run my_scenario 1 100 --for 30s --settings messages=5 interarrival=10ms
  AMOC_MASTER_PORT=4370 amoc run my_scenario 1 100 --for 30s --cluster --slaves 2`;

/**
 * Declares `amoc run`. Its arguments go through {@link spreadLists} first.
 *
 * @param command a new command of the program
 * @param run what to do with a request
 */
export function declareRun(command: Command, run: (request: RunRequest) => Promise<void>): void {
  const also = (value: string, before: readonly string[] = []): string[] => [...before, value];
  command
    .description('run a scenario without a shell: waits, shows progress, and ends with a summary')
    .argument('<scenario>', 'a file of scenarios/, without .ts')
    .argument('<from>', 'first user id')
    .argument('<to>', 'last user id')
    .allowExcessArguments()
    .option(
      '--for <time>',
      'how long to run, as in 30s or 5m; until all users have ended, or Ctrl+C, when left out',
      (text) => timeOf('--for', text, '30s'),
    )
    .option(
      '--settings <name=value...>',
      'values for the variables of the scenario and of amoc; may be repeated',
      also,
    )
    .option('--comment <text>', 'kept with the run')
    .option('--seed <number>', 'seed of user.random', (text) => wholeNumberOf('--seed', text))
    .option(
      '--threshold <limit...>',
      "limit that a figure must meet, as in 'message_ttd p99 < 200ms' 'errors over 30s < 0.1%'; may be repeated",
      also,
    )
    .option('--abort-on-fail', 'stop when a threshold is missed (after the setting abortDelay)')
    .option('--junit <file>', 'the verdicts as JUnit XML, for CI')
    .option(
      '--cluster',
      'run on slaves: listen on AMOC_MASTER_PORT, wait until they have joined, then start',
    )
    .option('--slaves <number>', 'how many slaves to wait for (default: 1)', (text) =>
      wholeNumberOf('--slaves', text, [1, MAX_SLAVES], 'a number of slaves'),
    )
    .option('--join <time>', 'how long to wait for them (default: 60s)', (text) =>
      timeOf('--join', text, '60s'),
    )
    .option('--json', 'write the summary as JSON, and nothing else, to standard output')
    .addHelpText('after', EXIT_CODES)
    .action((scenario: string, from: string, to: string, options: RunOptions) => {
      const [tooMany] = command.args.slice(3);
      if (tooMany !== undefined) {
        throw new UsageError(
          `run takes a scenario, the first and the last user id; '${tooMany}' is one too many (a setting is written name=value)`,
        );
      }
      const { comment, seed, junit } = options;
      return run({
        scenario,
        ...idsOf(from, to),
        forMs: options.for ?? Infinity,
        settings: readSettings(options.settings),
        thresholds: readThresholds(options.threshold),
        comment,
        seed,
        abortOnFail: options.abortOnFail === true,
        junit,
        json: options.json === true,
        cluster: readCluster(options),
      });
    });
}

/** The options as the parser gives them. */
interface RunOptions {
  for?: number;
  settings?: string[];
  comment?: string;
  seed?: number;
  threshold?: string[];
  abortOnFail?: boolean;
  junit?: string;
  json?: boolean;
  cluster?: boolean;
  slaves?: number;
  join?: number;
}

function readCluster({ cluster = false, slaves, join }: RunOptions): ClusterRequest | undefined {
  if (cluster) return { slaves: slaves ?? 1, timeoutMs: join ?? JOIN_MS };
  const [name] = [
    ...(slaves === undefined ? [] : ['--slaves']),
    ...(join === undefined ? [] : ['--join']),
  ];
  if (name === undefined) return undefined;
  throw new UsageError(`${name} is about slaves of a master; give --cluster, too`);
}

/**
 * Gives each item of a list an option of its own: `--settings a=1 b=2` becomes `--settings=a=1
 * --settings=b=2`. Otherwise the parser would also take the scenario as an item when options come first.
 *
 * @param args what follows `amoc run`
 */
export function spreadLists(args: readonly string[]): string[] {
  const spread: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    if (arg === '--') return [...spread, ...args.slice(at)];
    const [name = ''] = arg.split('=', 1);
    const isItem = Object.hasOwn(lists, name) ? lists[name] : undefined;
    if (isItem === undefined) {
      spread.push(arg);
      // The value of another option is not an item, whatever it looks like.
      const value = args[at + 1];
      if (valued.has(arg) && value !== undefined) {
        spread.push(value);
        at++;
      }
      continue;
    }
    if (arg !== name) spread.push(arg);
    else {
      const value = args[++at];
      spread.push(value === undefined ? name : `${name}=${value}`);
    }
    for (let next = args[at + 1]; next !== undefined && isItem(next); next = args[at + 1]) {
      if (next.startsWith('-')) break;
      spread.push(`${name}=${next}`);
      at++;
    }
  }
  return spread;
}

/** Options with one value each. */
const valued: ReadonlySet<string> = new Set([
  '--for',
  '--comment',
  '--seed',
  '--junit',
  '--slaves',
  '--join',
]);

/** `name=value`; whether the variable exists and the value fits is checked with the scenario. */
function readSettings(pairs: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) {
        throw new UsageError(`--settings: '${pair}' is not name=value, as in messages=5`);
      }
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** `message_ttd p99 < 200ms` as `do` takes it: the figure, and its limit. */
function readThresholds(texts: readonly string[] = []): Record<string, string> {
  const thresholds = new Map<string, string>();
  for (const text of texts) {
    parseThreshold(text);
    const at = text.search(/[<>]/);
    const what = text.slice(0, at).trim().replace(/\s+/g, ' ');
    const before = thresholds.get(what);
    if (before !== undefined) {
      throw new UsageError(
        `--threshold: '${what}' has two limits, '${before}' and '${text.slice(at)}'; give it one`,
      );
    }
    thresholds.set(what, text.slice(at));
  }
  return Object.fromEntries(thresholds);
}
