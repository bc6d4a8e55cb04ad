import pino from 'pino';
import { LogView } from '../console/log-view.ts';
import type { LogLine } from '../console/log-view.ts';
import { paintFor, wantsColors } from '../console/paint.ts';
import { renderProgress, renderSummary } from '../console/summary.ts';
import { sleep } from '../lib/abort.ts';
import { systemClock } from '../lib/clock.ts';
import { toMs } from '../lib/duration.ts';
import { AmocError } from '../lib/errors.ts';
import type { Master } from '../master/master.ts';
import type { StopResult } from '../master/results.ts';
import { startLocalCluster } from './local-cluster.ts';

const PROGRESS_MS = 5000;
const POLL_MS = 250;

const exitCodes = { passed: 0, failed: 1 } as const;

/** `amoc run`: one run from start to end. @returns the exit code, as `amoc help run` lists them */
export async function runOnce(
  scenario: string,
  from: string,
  to: string,
  options: Record<string, unknown>,
): Promise<number> {
  const forMs = options['for'] === undefined ? Infinity : toMs(options['for'] as string);
  const request = {
    settings: parseSettings(options['settings'] as string[] | undefined),
    ...(options['comment'] === undefined ? {} : { comment: options['comment'] }),
    ...(options['seed'] === undefined ? {} : { seed: Number(options['seed']) }),
  };
  const { stderr, stdout } = process;
  using view = new LogView({
    clock: systemClock,
    colors: wantsColors(stderr, process.env),
    write: (text) => stderr.write(text),
    mostPerSecond: 20,
    remedy: 'AMOC_LOG_LEVEL=warn',
  });
  const logger = pino({ base: null }, { write: (line) => view.add([JSON.parse(line) as LogLine]) });
  const interrupted = interruptions();
  await using cluster = await startLocalCluster({
    notice: ({ level, text }) => logger[level](text),
    logs: (records, dropped) => view.add(records, dropped),
  });
  const { master } = cluster;
  const started = await master.do(scenario, Number(from), Number(to), request);
  if (cluster.standIn !== undefined) {
    logger.info('no XMPP target is set (AMOC_XMPP_HOST): the embedded server stands in');
  }
  await untilOver(master, forMs, interrupted.first, (line) => logger.info(line));
  const failure = master.state.is === 'failed' ? master.state.reason : undefined;
  const result = await stop(master, interrupted.second);
  view.flush();
  if (options['json'] === true)
    stdout.write(`${JSON.stringify({ ...result, failure }, null, 2)}\n`);
  else
    stdout.write(
      `${renderSummary(result, started.users, paintFor(wantsColors(stdout, process.env)))}\n`,
    );
  if (failure !== undefined) stderr.write(`amoc: the run failed: ${failure}\n`);
  const { crashed, lost } = result.users;
  const passed = failure === undefined && crashed + lost === 0 && result.errors.length === 0;
  return passed ? exitCodes.passed : exitCodes.failed;
}

/** Waits for the end of the time, of the users, or of patience; says how it goes. */
async function untilOver(
  master: Master,
  forMs: number,
  interrupt: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  const began = systemClock.monotonic();
  let saidAt = began;
  for (;;) {
    const now = systemClock.monotonic();
    if (now - began >= forMs || interrupt.aborted) return;
    const status = await master.status();
    if (status.state !== 'running' || status.present === 0) return;
    if (now - saidAt >= PROGRESS_MS) {
      saidAt = now;
      say(renderProgress(status));
    }
    const left = forMs - (systemClock.monotonic() - began);
    await sleep(Math.max(0, Math.min(POLL_MS, left)), { signal: interrupt }).catch(() => {});
  }
}

/** Stops gently; by force when somebody presses Ctrl+C again. */
async function stop(master: Master, impatience: AbortSignal): Promise<StopResult> {
  const onAbort = (): void => master.hurry();
  impatience.addEventListener('abort', onAbort, { once: true });
  try {
    return await master.stop();
  } finally {
    impatience.removeEventListener('abort', onAbort);
  }
}

function interruptions(): { first: AbortSignal; second: AbortSignal } {
  const first = new AbortController();
  const second = new AbortController();
  const onSignal = (): void => {
    if (first.signal.aborted) second.abort();
    first.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onSignal);
  return { first: first.signal, second: second.signal };
}

/** `name=value`; whether the name is one and the value fits is checked with the scenario. */
function parseSettings(pairs: readonly string[] = []): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw new AmocError('ARGUMENT', `--settings: '${pair}' is not name=value, as in messages=5`);
    }
    settings[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return settings;
}
