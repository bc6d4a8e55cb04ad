import { add } from './add.ts';
import type { Command } from './command.ts';
import { doCommand } from './do.ts';
import { drain } from './drain.ts';
import { events } from './events.ts';
import { evict } from './evict.ts';
import { log } from './log.ts';
import { metrics } from './metrics.ts';
import { nodes } from './nodes.ts';
import { pause } from './pause.ts';
import { ping } from './ping.ts';
import { rate } from './rate.ts';
import { rebalance } from './rebalance.ts';
import { remove } from './remove.ts';
import { resume } from './resume.ts';
import { settings } from './settings.ts';
import { status } from './status.ts';
import { stop } from './stop.ts';
import { target } from './target.ts';
import { trace } from './trace.ts';
import { undrain } from './undrain.ts';
import { update } from './update.ts';
import { users } from './users.ts';
import { watch } from './watch.ts';

/** Commands of `amocLocal` and `amocDist`, in the order in which help lists them. */
export const commands = [
  doCommand,
  add,
  remove,
  target,
  rate,
  stop,
  status,
  nodes,
  users,
  trace,
  metrics,
  watch,
  events,
  settings,
  update,
  pause,
  resume,
  log,
  rebalance,
  drain,
  undrain,
  evict,
  ping,
] as const satisfies readonly Command[];

type Listed = (typeof commands)[number];

/** Name of a command. */
export type CommandName = Listed['name'];

/** The value that a command gives. */
export type ResultOf<N extends CommandName> = Awaited<
  ReturnType<Extract<Listed, { name: N }>['run']>
>;

/** The methods of `amocLocal` and `amocDist`: commands, and `user` of `user(7).trace()`. */
export const methodNames: readonly string[] = [
  ...new Set(commands.map((each: Command) => each.of ?? each.name)),
];
