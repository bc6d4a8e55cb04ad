import { processEnvironment } from '../lib/system/environment.ts';
import { LogView, lineLogger, renderProgress, renderSummary } from '../console/views/mod.ts';
import { paintFor, wantsColors } from '../console/views/paint.ts';
import type { Control } from '../control/control.ts';
import type { Notice } from '../control/notice.ts';
import type { StopResult } from '../control/results.ts';
import { messageOf } from '../lib/errors.ts';
import { sleep } from '../lib/time/async.ts';
import { systemClock } from '../lib/time/clock.ts';
import { jsonText, oneLine } from '../lib/text/foreign-text.ts';
import { renderJUnit } from '../record/junit.ts';
import { exitCodes, judgeRun } from '../record/outcome.ts';
import type { ClusterEvents } from '../app/local-cluster.ts';
import { makeObservers } from '../app/observers.ts';
import { openDistributedRun, openLocalRun } from '../app/run-cluster.ts';
import { EndSignals } from '../app/signals.ts';
import type { EmbeddedProcess } from '../app/embedded.ts';
import { awaitSlaves } from './await-slaves.ts';
import { ResultFile } from './result-file.ts';
import type { RunRequest } from './run-command.ts';

const PROGRESS_MS = 5000;
const POLL_MS = 250;

/** `amoc run`: opens a cluster, and runs once. @returns the exit code, as `amoc help run` lists them */
export async function runCommand(wanted: RunRequest): Promise<number> {
  using verdictFile =
    wanted.junit === undefined ? undefined : new ResultFile('--junit', wanted.junit);
  const { stderr } = process;
  using view = new LogView({
    clock: systemClock,
    colors: wantsColors(stderr, processEnvironment()),
    write: (text) => stderr.write(text),
    mostPerSecond: 20,
    remedy: 'AMOC_LOG_LEVEL=warn',
  });
  const logger = lineLogger((line) => view.add([line]));
  const interrupted = new EndSignals();
  const notice = ({ level, text }: Notice): void => logger[level](text);
  const name = wanted.cluster === undefined ? 'amocLocal' : 'amocDist';
  await using observers = await makeObservers([name], notice);
  const events: ClusterEvents = {
    notice,
    logs: (records, dropped) => view.add(records, dropped),
    observers: observers.of(name),
  };
  await using cluster = await (wanted.cluster === undefined
    ? openLocalRun(events)
    : openDistributedRun(events));
  await observers.listen();
  const say = (line: string): void => logger.info(line);
  if (wanted.cluster !== undefined && cluster.howToJoin !== undefined) {
    try {
      await awaitSlaves(cluster.control, {
        ...wanted.cluster,
        howToJoin: cluster.howToJoin,
        signal: interrupted.first,
        clock: systemClock,
        say,
      });
    } catch (error) {
      view.flush();
      const why = interrupted.first.aborted
        ? 'interrupted before the run started'
        : messageOf(error);
      stderr.write(`amoc: ${oneLine(why)}\n`);
      return exitCodes.failed;
    }
  }
  return await runOnce(cluster.control, wanted, {
    say,
    interrupted,
    standIns: cluster.standIns,
    verdictFile,
    flush: () => view.flush(),
  });
}

/** What is around one run. */
export interface RunSurroundings {
  /** Shows a line of the log. */
  say: (line: string) => void;
  interrupted: Pick<EndSignals, 'first' | 'second'>;
  /** The embedded servers that run, because no target is configured. */
  standIns: readonly EmbeddedProcess[];
  verdictFile: ResultFile | undefined;
  /** Shows the log lines that wait. */
  flush: () => void;
}

/** One run from start to end, on any cluster. @returns the exit code */
export async function runOnce(
  control: Control,
  wanted: RunRequest,
  { say, interrupted, standIns, verdictFile, flush }: RunSurroundings,
): Promise<number> {
  const { scenario, from, to, forMs, thresholds, comment, seed } = wanted;
  const settings = { ...wanted.settings, ...(wanted.abortOnFail ? { abortOnFail: true } : {}) };
  const options = { settings, comment, seed, thresholds, demandUnits: true };
  const { stdout, stderr } = process;
  const started = await control.do(scenario, from, to, options);
  for (const { driver } of standIns) {
    if (driver.target === undefined || driver.target.isNamed(settings)) continue;
    say(`${driver.target.missing}: using the embedded server`);
  }
  await untilOver(control, forMs, interrupted.first, say);
  const failure = control.state.is === 'failed' ? control.state.reason : undefined;
  const result = await stop(control, interrupted.second);
  const judgement = judgeRun(result, failure);
  flush();
  if (wanted.json) stdout.write(`${jsonText({ ...result, failure, ...judgement }, 2)}\n`);
  else
    stdout.write(
      `${renderSummary(result, started.users, paintFor(wantsColors(stdout, processEnvironment())))}\n`,
    );
  const unwritten = verdictFile?.write(renderJUnit(result, failure));
  const reasons = [...judgement.reasons, ...(unwritten === undefined ? [] : [unwritten])];
  for (const reason of reasons) stderr.write(`amoc: ${oneLine(reason)}\n`);
  // A pipeline that reads the file must not take its absence for success.
  if (unwritten !== undefined && judgement.code === exitCodes.passed) return exitCodes.failed;
  return judgement.code;
}

/** Waits until the time is over, all users have ended, or the operator interrupts; reports progress. */
async function untilOver(
  control: Control,
  forMs: number,
  interrupt: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  const began = systemClock.monotonic();
  let saidAt = began;
  for (;;) {
    const now = systemClock.monotonic();
    if (now - began >= forMs || interrupt.aborted) return;
    const status = await control.status();
    if (status.state !== 'running' || status.present === 0) return;
    if (now - saidAt >= PROGRESS_MS) {
      saidAt = now;
      say(renderProgress(status));
    }
    const left = forMs - (systemClock.monotonic() - began);
    await sleep(Math.max(0, Math.min(POLL_MS, left)), { signal: interrupt }).catch(() => {});
  }
}

/** Stops gently; by force when the operator presses Ctrl+C again. */
async function stop(control: Control, impatience: AbortSignal): Promise<StopResult> {
  const onAbort = (): void => control.forceStop();
  impatience.addEventListener('abort', onAbort, { once: true });
  try {
    // abortOnFail may have stopped the run, or be stopping it.
    while (control.state.is === 'stopping') await sleep(POLL_MS);
    return control.lastResult ?? (await control.stop());
  } finally {
    impatience.removeEventListener('abort', onAbort);
  }
}
