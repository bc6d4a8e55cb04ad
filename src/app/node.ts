import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { answering } from '../attach/answers.ts';
import { AttachServer } from '../attach/server.ts';
import type { Answer } from '../attach/answers.ts';
import { LogFile } from '../attach/log-file.ts';
import { portNumber, env } from '../config/environment.ts';
import { lineLogger } from '../console/views/mod.ts';
import type { LogLine } from '../console/views/mod.ts';
import { Strays } from '../console/shell/mod.ts';
import { systemClock } from '../lib/time/clock.ts';
import { jsonText } from '../lib/text/foreign-text.ts';
import { foreignVariable } from '../lib/system/environment.ts';
import { listenHttp } from '../lib/system/http-listener.ts';
import { VERSION } from './installation.ts';
import { planNode } from './node-options.ts';
import type { NodeOptions, NodePlan } from './node-options.ts';
import { startMaster, startSlave } from './node-work.ts';
import type { NodeStatusView, NodeWork, Output } from './node-work.ts';
import type { ProcessGuard } from './process-guard.ts';
import { endProcess, guardProcess, keepFromTypedCode } from './process-guard.ts';
import { EndSignals } from './signals.ts';

/** Where a node runs: detached from the terminal that started it, or under a supervisor that reads its output. */
export type Ground = 'background' | 'foreground';

/** What to call when a node is ready, or will not be. */
export interface NodeHooks {
  onReady?: () => void;
  /** The start failed for a reason that no `catch` sees; the process ends. @default prints it to standard error */
  onFailed?: (reason: string) => void;
}

/**
 * The program of a node: claims its name, starts its work, opens its socket, reports that it is ready, and
 * ends when it is told to. Then the process ends too.
 *
 * @throws {AmocError} `BUSY` when a node of its name runs, or what its start throws
 */
export async function runNode(
  options: NodeOptions,
  ground: Ground,
  { onReady = () => {}, onFailed }: NodeHooks = {},
): Promise<never> {
  const guard = guardProcess(onFailed);
  const plan = planNode(options);
  const { folder, role } = plan;
  folder.prepare();
  const startedAt = systemClock.now();
  const stale = folder.claim({
    role,
    version: VERSION,
    startedAt,
    options: JSON.stringify(options),
    folder: process.cwd(),
  });
  let code: number;
  try {
    code = await serve(plan, ground, startedAt, { onReady, stalePid: stale?.pid, guard });
  } finally {
    folder.release();
  }
  return await endProcess(code);
}

async function serve(
  plan: NodePlan,
  ground: Ground,
  startedAt: number,
  {
    onReady,
    stalePid,
    guard,
  }: { onReady: () => void; stalePid: number | undefined; guard: ProcessGuard },
): Promise<number> {
  const { folder, role } = plan;
  const open: { server?: AttachServer; work?: NodeWork } = {};
  await using sink = openSink(ground, folder.log, (text) => logger.error(text));
  const output: Output = {
    log: (lines, dropped) => {
      sink.write(lines);
      open.server?.log(lines, dropped);
    },
    attached: () => open.server?.attached ?? [],
    onChange: () => {
      if (open.work !== undefined) notifySystemd(open.work.unready());
    },
  };
  const logger = lineLogger((line) => output.log([line], 0));
  // In the background only attached consoles send SIGINT, to end an endless loop, and no terminal can close.
  const ignored = ground === 'background' ? (['SIGINT', 'SIGHUP'] as const) : [];
  const signals = new EndSignals({ ignored });
  logger.info(`amoc ${VERSION} starts: ${role} '${folder.name}', pid ${process.pid}`);
  if (stalePid !== undefined) {
    logger.warn(`the node before (pid ${stalePid}) died without stopping`);
  }
  await using work = await (plan.role === 'master'
    ? startMaster(output)
    : startSlave(plan.slave, output));
  open.work = work;
  const strays = new Strays({
    clock: systemClock,
    log: (line) => logger.error(line),
    logsAll: true,
  });
  guard.serve((error) => strays.report(error));
  keepFromTypedCode('q() leaves the console, and amoc stop ends the node');
  const about = { name: folder.name, role, version: VERSION, pid: process.pid };
  const health: Record<string, Answer> = {
    'GET /health': () => {
      const why = work.unready();
      const body = { status: why ?? 'ok', ...about };
      return Promise.resolve({ status: why === undefined ? 200 : 503, body });
    },
    'GET /live': () => Promise.resolve({ status: 200, body: { status: 'ok' } }),
  };
  const status = async (): Promise<NodeStatusView> => ({
    ...about,
    node: process.versions.node,
    startedAt,
    attached: output.attached(),
    ...(await work.status()),
  });
  const onAttached = (text: string): void => logger.info(text);
  await using server = await AttachServer.listen(
    folder.socket,
    work.attach && { name: folder.name, clock: systemClock, ...work.attach, onAttached },
    {
      ...health,
      'GET /status': async () => ({ status: 200, body: await status() }),
    },
  );
  open.server = server;
  const port = portNumber('AMOC_HEALTH_PORT');
  const host = env('AMOC_HEALTH_BIND') ?? '127.0.0.1';
  await using listener =
    port === undefined ? undefined : await listenHttp(createServer(answering(health)), host, port);
  if (listener !== undefined) logger.info(`http://${host}:${listener.port}/health answers`);
  onReady();
  output.onChange();
  const stopped = signals.told.then(() => undefined);
  const failure = await Promise.race([stopped, work.failed]);
  if (failure === undefined) {
    logger.info('the node is stopping');
    await work.stop(signals.second, (text) => logger.info(text));
  } else logger.error(failure);
  guard.leave();
  await server.close(failure ?? 'the node was stopped');
  return failure === undefined ? 0 : 2;
}

interface Sink extends AsyncDisposable {
  write(lines: readonly LogLine[]): void;
}

function openSink(ground: Ground, path: string, onTrouble: (text: string) => void): Sink {
  if (ground === 'background') {
    return new LogFile(path, { clock: systemClock, version: VERSION, onTrouble });
  }
  const { stdout } = process;
  // The reader of the output may end first.
  stdout.on('error', () => {});
  return {
    write: (lines) => {
      for (const line of lines) {
        stdout.write(`${jsonText({ ...line, amoc: VERSION })}\n`);
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/**
 * Reports the node's state to systemd (sd_notify(3)), if systemd has asked for it.
 *
 * @param unready why it is not ready yet
 */
function notifySystemd(unready: string | undefined): void {
  if (foreignVariable('NOTIFY_SOCKET') === undefined) return;
  const args = unready === undefined ? ['--ready', '--status=ready'] : [`--status=${unready}`];
  // systemd's own program: the protocol needs datagrams, which Node.js does not have for Unix sockets.
  execFile('systemd-notify', args, () => {});
}
