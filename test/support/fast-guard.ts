/** `node --import fast-guard.js --test …`: refuses processes, threads and servers to the tests that count as fast. */
import child_process from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { Server } from 'node:net';
import worker_threads from 'node:worker_threads';

function refuse(what: string): never {
  throw new Error(
    `a test that counts as fast starts ${what}; see the rule in test/support/fast-tests.ts`,
  );
}

// The process of the test runner itself starts a process for each file.
if (process.env['NODE_TEST_CONTEXT'] !== undefined) {
  const processes = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'];
  for (const name of processes) {
    Object.assign(child_process, { [name]: () => refuse('a process') });
  }
  Server.prototype.listen = () => refuse('a server');
  // Called with new, a function that throws is enough.
  Object.assign(worker_threads, {
    Worker: function () {
      refuse('a thread');
    },
  });
  syncBuiltinESMExports();
}
