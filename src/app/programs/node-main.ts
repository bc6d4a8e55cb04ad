/** The program of a node in the background, as `amoc start` forks it: options as JSON in its one argument. */
import { messageOf } from '../../lib/errors.ts';
import { runNode } from '../node.ts';
import type { NodeOptions } from '../node-options.ts';

/** What the node tells the process that forked it: that it is ready, or why it will not be. */
export type BootMessage = { readonly ready: true } | { readonly failed: string };

const tell = (message: BootMessage): void => {
  if (process.connected) process.send?.(message, () => process.disconnect());
};

try {
  const options = JSON.parse(process.argv[2] ?? '{}') as NodeOptions;
  await runNode(options, 'background', {
    onReady: () => tell({ ready: true }),
    onFailed: (reason) => tell({ failed: reason }),
  });
} catch (error) {
  tell({ failed: messageOf(error) });
  process.exitCode = 1;
}
