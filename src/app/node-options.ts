import { amocHome, NodeFolder } from '../attach/node-folder.ts';
import { env } from '../config/environment.ts';
import { AmocError } from '../lib/errors.ts';
import { planSlave } from './slave-node.ts';
import type { SlaveOptions, SlavePlan } from './slave-node.ts';

/** What `amoc start` and `amoc foreground` take: a master's name, or all that a slave needs. */
export type NodeOptions = SlaveOptions;

/** The name of a master when none is given. */
const MASTER = 'amoc';

/** A node to start: a slave when a master is given. */
export type NodePlan =
  | { readonly role: 'master'; readonly folder: NodeFolder }
  | { readonly role: 'slave'; readonly folder: NodeFolder; readonly slave: SlavePlan };

/** Checks the options of a node. @throws {AmocError} `ARGUMENT`, `CONFIG` */
export function planNode(options: NodeOptions): NodePlan {
  if ((options.master ?? env('AMOC_MASTER_URL')) === undefined) {
    for (const name of ['processes', 'label', 'ca', 'cert', 'key'] as const) {
      if (options[name] === undefined) continue;
      throw new AmocError(
        'ARGUMENT',
        `--${name} is for a slave; give --master too, as in wss://host:4370`,
      );
    }
    return { role: 'master', folder: nodeFolder(options.name) };
  }
  const slave = planSlave(options);
  return { role: 'slave', slave, folder: nodeFolder(slave.name) };
}

/** The folder of a node of this machine; without a name, that of `AMOC_NODE_NAME` or of `amoc`. */
export function nodeFolder(name: string | undefined): NodeFolder {
  return new NodeFolder(name ?? env('AMOC_NODE_NAME') ?? MASTER, amocHome());
}
