import { env } from '../config/environment.ts';
import type { Control } from '../control/control.ts';
import { AmocError } from '../lib/errors.ts';
import { CompilerThread } from '../scenario/compiler-thread.ts';
import { startDistributedMaster } from './distributed-master.ts';
import { PACKAGE_ROOT, scenariosFolder } from './installation.ts';
import { startLocalCluster, warnOfOpenSecrets } from './local-cluster.ts';
import type { ClusterEvents, LocalCluster } from './local-cluster.ts';

/** The cluster of one `amoc run`. */
export interface RunCluster extends AsyncDisposable {
  readonly control: Control;
  /** The embedded servers that run, because no target is configured. */
  readonly standIns: LocalCluster['standIns'];
  /** How to start a slave that joins; `undefined` where the processes are amoc's own. */
  readonly howToJoin: string | undefined;
}

/** Starts the processes of this machine. */
export async function openLocalRun(events: ClusterEvents): Promise<RunCluster> {
  const local = await startLocalCluster(events);
  return {
    control: local.master,
    standIns: local.standIns,
    howToJoin: undefined,
    [Symbol.asyncDispose]: () => local[Symbol.asyncDispose](),
  };
}

/**
 * Listens for slaves on `AMOC_MASTER_PORT`. The run ends with this process: no journal keeps it.
 *
 * @throws {AmocError} `CONFIG` without a port, `BUSY` when a console keeps a run on it, `CONNECTION` when it
 * cannot be opened
 */
export async function openDistributedRun(events: ClusterEvents): Promise<RunCluster> {
  if (env('AMOC_MASTER_PORT') === undefined) {
    throw new AmocError(
      'CONFIG',
      '--cluster needs the port that slaves dial; set AMOC_MASTER_PORT=4370, then on this machine: amoc slave --master ws://127.0.0.1:4370 --name slave1; docs/distributed.md explains other machines',
    );
  }
  warnOfOpenSecrets(events);
  const compiler = new CompilerThread({ folder: scenariosFolder(), packageRoot: PACKAGE_ROOT });
  const closing = async (): Promise<void> => compiler[Symbol.asyncDispose]();
  try {
    const { master, problem, howToJoin, ...cluster } = await startDistributedMaster(
      events,
      (name) => compiler.compile(name),
      { keepsRun: false },
    );
    if (problem !== undefined) throw new AmocError('CONNECTION', problem);
    return {
      control: master,
      standIns: [],
      howToJoin,
      [Symbol.asyncDispose]: async () => {
        await cluster[Symbol.asyncDispose]();
        await closing();
      },
    };
  } catch (error) {
    await closing();
    throw error;
  }
}
