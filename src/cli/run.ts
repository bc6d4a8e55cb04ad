import { lineLogger } from '../console/views/line-logger.ts';
import { LogView } from '../console/views/log-view.ts';
import { paintFor, wantsColors } from '../console/views/paint.ts';
import { renderProgress, renderSummary } from '../console/views/summary.ts';
import { sleep } from '../lib/time/async.ts';
import { systemClock } from '../lib/time/clock.ts';
import { jsonText, oneLine } from '../lib/text/foreign-text.ts';
import type { Notice } from '../master/cluster.ts';
import type { Master } from '../master/master.ts';
import type { StopResult } from '../master/results.ts';
import { renderJUnit } from '../record/junit.ts';
import { exitCodes, judgeRun } from '../record/outcome.ts';
import { startLocalCluster } from '../app/local-cluster.ts';
import { makeObservers } from '../app/observers.ts';
import { EndSignals } from '../app/signals.ts';
import { ResultFile } from './result-file.ts';
import type { RunRequest } from './run-command.ts';

const PROGRESS_MS = 5000;
const POLL_MS = 250;

/** `amoc run`: one run from start to end. @returns the exit code, as `amoc help run` lists them */
export async function runOnce(wanted: RunRequest): Promise<number> {
  const { scenario, from, to, forMs, thresholds, comment, seed, junit } = wanted;
  const request = {
    settings: { ...wanted.settings, ...(wanted.abortOnFail ? { abortOnFail: true } : {}) },
    ...(comment === undefined ? {} : { comment }),
    ...(seed === undefined ? {} : { seed }),
    thresholds,
  };
  using verdictFile = junit === undefined ? undefined : new ResultFile('--junit', junit);
  const { stderr, stdout } = process;
  using view = new LogView({
    clock: systemClock,
    colors: wantsColors(stderr, process.env),
    write: (text) => stderr.write(text),
    mostPerSecond: 20,
    remedy: 'AMOC_LOG_LEVEL=warn',
  });
  const logger = lineLogger((line) => view.add([line]));
  const interrupted = new EndSignals();
  const notice = ({ level, text }: Notice): void => logger[level](text);
  await using observers = await makeObservers(['amocLocal'], notice);
  await using cluster = await startLocalCluster({
    notice,
    logs: (records, dropped) => view.add(records, dropped),
    observers: observers.of('amocLocal'),
  });
  await observers.listen();
  const { master } = cluster;
  const started = await master.do(scenario, from, to, request, { demandUnits: true });
  for (const { driver } of cluster.standIns) {
    if (driver.target === undefined || driver.target.isNamed(request.settings)) continue;
    logger.info(`${driver.target.missing}: using the embedded server`);
  }
  await untilOver(master, forMs, interrupted.first, (line) => logger.info(line));
  const failure = master.state.is === 'failed' ? master.state.reason : undefined;
  const result = await stop(master, interrupted.second);
  const judgement = judgeRun(result, failure);
  view.flush();
  if (wanted.json) stdout.write(`${jsonText({ ...result, failure, ...judgement }, 2)}\n`);
  else
    stdout.write(
      `${renderSummary(result, started.users, paintFor(wantsColors(stdout, process.env)))}\n`,
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

/** Stops gently; by force when the operator presses Ctrl+C again. */
async function stop(master: Master, impatience: AbortSignal): Promise<StopResult> {
  const onAbort = (): void => master.hurry();
  impatience.addEventListener('abort', onAbort, { once: true });
  try {
    // abortOnFail may have stopped the run, or be stopping it.
    while (master.state.is === 'stopping') await sleep(POLL_MS);
    return master.lastResult ?? (await master.stop());
  } finally {
    impatience.removeEventListener('abort', onAbort);
  }
}
