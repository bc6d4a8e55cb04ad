import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { allTests, whyNotFast } from './support/fast-tests.ts';
import { ROOT } from './support/root.ts';

const guard = join(ROOT, 'dist', 'test', 'support', 'fast-guard.js');

describe('the tests that count as fast', () => {
  const isFast = (test: string): boolean => whyNotFast(test) === undefined;

  it('are most of those that need no process, and none that starts one', () => {
    const fast = allTests().filter(isFast);
    assert.ok(fast.length > allTests().length / 2, `${fast.length} of ${allTests().length}`);
    for (const folder of ['cli', 'servers', 'fleet', 'faults', 'conformance', 'release']) {
      const wrong = fast.filter((test) => test.startsWith(`test/${folder}/`));
      // The mapping of options is a pure function.
      assert.deepEqual(
        wrong.filter((test) => !test.endsWith('/run-command.test.ts')),
        [],
        folder,
      );
    }
    assert.ok(isFast('test/master/master.test.ts'));
    assert.ok(isFast('test/simulation/simulation.test.ts'));
  });

  it('are told from others by what they import, also over other files', () => {
    const chain = whyNotFast('test/scenario/loader.test.ts');
    assert.deepEqual(chain?.at(-1), 'node:child_process');
    assert.ok(chain?.includes('test/support/project.ts'), String(chain));
    const own = whyNotFast('test/protocol/control-tls.test.ts');
    assert.deepEqual(own?.at(-1), 'src/protocol/websocket-transport.ts');
  });

  for (const [what, program] of [
    ['a process', "import { spawn } from 'node:child_process'; spawn('true')"],
    ['a process', "import { execFileSync } from 'node:child_process'; execFileSync('true')"],
    ['a server', "import { createServer } from 'node:http'; createServer().listen(0)"],
    ['a thread', "import { Worker } from 'node:worker_threads'; new Worker('', { eval: true })"],
  ] as const) {
    it(`may not start ${what}: ${program.slice(9, 40)}`, () => {
      const folder = mkdtempSync(join(tmpdir(), 'amoc-fast-'));
      try {
        const file = join(folder, 'one.test.mjs');
        writeFileSync(
          file,
          `import { it } from 'node:test'; it('does', async () => { ${imported(program)} });`,
        );
        assert.throws(
          () =>
            execFileSync(process.execPath, ['--import', guard, '--test', file], {
              encoding: 'utf8',
              stdio: 'pipe',
              env: { PATH: process.env['PATH'] },
            }),
          (error: { stdout?: string }) => error.stdout?.includes(`fast starts ${what}`) === true,
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

/** A program as part of a function: its imports are those of a module. */
function imported(program: string): string {
  return program.replace(/import (\{.*?\}) from ('[^']+')/, 'const $1 = await import($2)');
}
