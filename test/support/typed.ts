import { Evaluator } from '../../src/console/shell/evaluator.ts';
import { Shell } from '../../src/console/shell/shell.ts';
import { typedCluster } from '../../src/console/typed-cluster.ts';
import type { User } from '../../src/users/user.ts';
import { erase } from './erase.ts';
import { MemoryCluster } from './memory-cluster.ts';
import { operator } from './operator.ts';

/** A shell over a {@link MemoryCluster} of two processes with `my_scenario`, whose users sleep. */
export interface TypedShell extends AsyncDisposable {
  readonly cluster: MemoryCluster;
  /** What the shell answers to a line. */
  say(line: string): Promise<string>;
  /** The answer to `amocLocal.do('my_scenario', 1, 10)`. */
  readonly begun: string;
}

/** Makes a {@link TypedShell}. */
export async function typed(): Promise<TypedShell> {
  const start = (id: number, user: User): Promise<unknown> =>
    id === 99 ? Promise.reject(new Error('bad luck')) : user.sleep(1e9);
  const cluster = new MemoryCluster({ my_scenario: { connectionsPerUser: 0, start } });
  await cluster.joinMany(2);
  const object = typedCluster(cluster.master);
  const globals = { amocLocal: object, amocDist: object };
  const shell = new Shell(new Evaluator(globals, process.cwd(), erase), operator);
  return {
    cluster,
    begun: 'ok: my_scenario, users 1..10 on 2 processes, one every 50 ms',
    say: async (line) => {
      const outcome = await cluster.run(shell.run(line));
      return 'text' in outcome ? outcome.text : outcome.kind;
    },
    [Symbol.asyncDispose]: async () => {
      if (cluster.master.state.is !== 'idle') {
        await cluster.run(cluster.master.stop({ force: true }));
      }
    },
  };
}
