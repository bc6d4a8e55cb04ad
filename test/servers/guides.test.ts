import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { sharedRelease } from '../support/release.ts';
import { ROOT } from '../support/root.ts';

const call = promisify(execFile);
const pages = ['README.md', 'docs/deploy.md', 'docs/kubernetes.md', 'docs/distributed.md'];

/** Blocks of commands; those marked `run` can run here. */
const blocks = pages.flatMap((page) =>
  [
    ...readFileSync(join(ROOT, page), 'utf8').matchAll(/^( *)```sh( run)?\n([\s\S]*?)^ *```$/gm),
  ].map(([, indent = '', run, text = '']) => ({
    page,
    runs: run !== undefined,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  })),
);

describe('the guides', () => {
  it('name only commands of amoc and targets of make that exist', async () => {
    const { stdout } = await call(process.execPath, [join(ROOT, 'bin', 'amoc.js'), 'help']);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name as string);
    const targets = [
      ...readFileSync(join(ROOT, 'Makefile'), 'utf8').matchAll(/^([a-z][a-z-]*):/gm),
    ].map(([, name]) => name as string);
    assert.ok(commands.includes('attach') && targets.includes('deploy'));
    let seen = 0;
    for (const { page, text } of blocks) {
      const plain = text.replaceAll(/\\\n/g, ' ').replaceAll(/^\s*#.*$|\s#.*$|-[npt] amoc\b/gm, '');
      for (const [, name = ''] of plain.matchAll(/(?:^|[\s/])amoc(?:\.js)?\s+([a-z]+)(?=\s|$)/gm)) {
        assert.ok(commands.includes(name), `${page}: amoc ${name}`);
        seen++;
      }
      for (const [, name = ''] of plain.matchAll(/^\s*make ([a-z-]+)/gm)) {
        assert.ok(targets.includes(name), `${page}: make ${name}`);
        seen++;
      }
    }
    assert.ok(seen > 20, `only ${seen} commands were found`);
  });

  describe('what they say to type, typed', () => {
    let folder: string;
    let env: NodeJS.ProcessEnv;

    before(async () => {
      await sharedRelease();
      folder = mkdtempSync(join(tmpdir(), 'amoc-guides-'));
      const project = join(folder, 'project');
      const tools = join(folder, 'bin');
      for (const path of [project, tools, join(folder, 'home')]) mkdirSync(path);
      // As a clone in which make and make rel have been called; times are kept, so that they build nothing again.
      const own = readdirSync(ROOT).filter(
        (name) => !['node_modules', 'dist', 'runs', '.git', '.cache'].includes(name),
      );
      execFileSync('cp', ['-a', ...own, project], { cwd: ROOT });
      for (const name of ['node_modules', 'dist', '.git']) {
        symlinkSync(join(ROOT, name), join(project, name));
      }
      symlinkSync(join(ROOT, 'bin', 'amoc.js'), join(tools, 'amoc'));
      env = {
        ...process.env,
        HOME: join(folder, 'home'),
        PATH: `${tools}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
        AMOC_RUNS: join(folder, 'runs'),
        AMOC_LOCAL_PROCESSES: '1',
        AMOC_STOP_TIMEOUT: '200ms',
        npm_config_cache:
          process.env['npm_config_cache'] ?? join(process.env['HOME'] ?? '', '.npm'),
      };
    });

    after(() => {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    });

    for (const { page, text, runs } of blocks) {
      if (!runs) continue;
      it(`${page}: ${text.split('\n', 1)[0] ?? ''}`, async () => {
        const options = { cwd: join(folder, 'project'), env };
        const { stdout } = await call('bash', ['-euo', 'pipefail', '-c', text], options);
        if (text.includes('amoc status')) assert.match(stdout, /users +\d+ running/);
        if (text.includes('make rel')) {
          assert.ok(existsSync(join(options.cwd, '_rel', 'amoc', 'bin', 'amoc')));
        }
      });
    }
  });
});
