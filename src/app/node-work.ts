import type { AttachParts } from '../attach/server.ts';
import { env } from '../config/environment.ts';
import { lineLogger } from '../console/views/mod.ts';
import type { LogLine } from '../console/views/mod.ts';
import { deferred } from '../lib/time/async.ts';
import type { StatusView } from '../control/views.ts';
import { Engine } from './engine.ts';
import { SlaveNode } from './slave-node.ts';
import type { SlavePlan } from './slave-node.ts';

/** What `GET /status` of a node answers. */
export interface NodeStatusView {
  name: string;
  role: 'master' | 'slave';
  version: string;
  pid: number;
  node: string;
  /** Epoch milliseconds. */
  startedAt: number;
  attached: readonly string[];
  clusters?: { amocLocal: StatusView; amocDist: StatusView };
  slave?: { master: string; processes: number; joined: number };
}

/** The work of one kind of node, behind its socket. */
export interface NodeWork extends AsyncDisposable {
  /** What consoles use; a slave has no console. */
  attach: AttachWork | undefined;
  status(): Promise<Partial<NodeStatusView>>;
  /** Why it is not ready; `undefined` when it is. */
  unready(): string | undefined;
  /** Ends its users: gently, or at once when `hurry` is aborted. */
  stop(atOnce: AbortSignal, say: (text: string) => void): Promise<void>;
  /** Resolves with the reason when the node has ended by itself. */
  readonly failed: Promise<string>;
}

type AttachWork = Pick<AttachParts, 'banner' | 'openShell' | 'complete'>;

/** Where log lines go, who is attached, and what to call when the readiness may have changed. */
export interface Output {
  log: (lines: readonly LogLine[], dropped: number) => void;
  attached: () => readonly string[];
  onChange: () => void;
}

/** A master: both clusters, and a console for each operator who attaches. */
export async function startMaster(output: Output): Promise<NodeWork> {
  const engine = await Engine.start({
    onLog: output.log,
    attached: output.attached,
    mustListen: true,
  });
  return {
    attach: {
      banner: (paint) => engine.banner(paint),
      openShell: (operator) => engine.openShell(operator),
      complete: (line) => engine.complete(line),
    },
    status: async () => {
      const [local, distributed] = engine.controls;
      const [amocLocal, amocDist] = await Promise.all([local.status(), distributed.status()]);
      return { clusters: { amocLocal, amocDist } };
    },
    unready: () => undefined,
    stop: async (atOnce, say) => {
      const onAtOnce = (): void => {
        for (const control of engine.controls) control.forceStop();
      };
      atOnce.addEventListener('abort', onAtOnce, { once: true });
      let line = '';
      await engine.stopRuns({ force: atOnce.aborted }, (text) => {
        line += text;
        if (!line.endsWith('\n')) return;
        say(line.trimEnd());
        line = '';
      });
    },
    failed: new Promise(() => {}),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** The processes of a slave. */
export function startSlave(plan: SlavePlan, output: Output): Promise<NodeWork> {
  const logger = lineLogger((line) => output.log([line], 0), env('AMOC_LOG_LEVEL'));
  const slave = new SlaveNode(plan, (text) => logger.info(text), output.onChange);
  const { count, master } = plan;
  return Promise.resolve({
    attach: undefined,
    status: () => Promise.resolve({ slave: { master, processes: count, joined: slave.joined } }),
    unready: () =>
      slave.joined === count
        ? undefined
        : `${slave.joined} of ${count} processes have joined ${master}`,
    stop: async (atOnce, say) => {
      const hurried = deferred<string>();
      const end = (): void => hurried.resolve('its processes are ended');
      if (atOnce.aborted) end();
      atOnce.addEventListener('abort', end, { once: true });
      say(await Promise.race([hurried.promise, slave.leave()]));
    },
    failed: slave.refused.then(() => `${master} has refused this slave; see the line above`),
    [Symbol.asyncDispose]: () => slave[Symbol.asyncDispose](),
  });
}
