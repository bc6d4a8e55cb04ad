/**
 * `make mutants`: takes one cure at a time out of what is compiled, and looks how many simulated histories it
 * takes until the fault shows. A mutant that none of `SEEDS` histories finds is a hole in the simulation.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Mutant {
  /** What goes wrong without the cure. */
  fault: string;
  file: string;
  cure: string;
  without: string;
}

const mutants: readonly Mutant[] = [
  {
    fault: 'a machine that wakes up serves its users before it looks at its lease',
    file: 'src/slave/slave.js',
    cure: 'mayServe: () => this.mayServe()',
    without: 'mayServe: () => true',
  },
  {
    fault: 'a held user starts although the master that placed it there has died since',
    file: 'src/slave/handlers.js',
    cure: 'pool.setHeld(true);',
    without: 'pool.setHeld(true); this.#parts.clock.schedule(ms, () => pool.setHeld(false));',
  },
  {
    fault: 'a node whose reports no journal has is waited for without end',
    file: 'src/master/users/reports.js',
    cure: 'if (report.sequence <= node.lastReport)',
    without: 'if (node.lastReport !== 0 && report.sequence !== node.lastReport + 1)',
  },
  {
    fault: 'reports are acknowledged that are on no disk',
    file: 'src/master/context.js',
    cure: 'if (!this.#isKept)\n            return;',
    without: '',
  },
  {
    fault: 'users are started after a restart although they may run elsewhere',
    file: 'src/users/arrivals.js',
    cure: 'this.#notBefore = Math.max(this.#notBefore, this.#clock.monotonic() + ms);',
    without: '',
  },
  {
    fault: 'one address that refuses stands for all of them',
    file: 'src/slave/dial-failure.js',
    cure: 'causes.every(',
    without: 'causes.some(',
  },
  {
    fault: 'a clock that was set makes the offset of a node wrong',
    file: 'src/slave/link.js',
    cure: 'epoch: clock.steady()',
    without: 'epoch: clock.now()',
  },
  {
    fault: 'a process is believed whatever it reports',
    file: 'src/master/nodes/plausibility.js',
    cure: 'export function implausibility(report, most) {',
    without: 'export function implausibility(report, most) { return undefined;',
  },
  {
    fault: 'a message that nobody understands ends the master',
    file: 'src/protocol/peer.js',
    cure: 'this.onFault(error);',
    without: 'throw error;',
  },
  {
    fault: 'a user whose start() never ends is waited for, and never moves',
    file: 'src/users/user-pool.js',
    cure: 'this.#expire(ids)',
    without: 'undefined',
  },
  {
    fault: 'ends of before a restart are taken as if the process had nobody again since',
    file: 'src/master/users/reports.js',
    cure: 'node.isUnproven = true;',
    without: ';',
  },
  {
    fault: 'who moves is not in the journal',
    file: 'src/master/run/restore.js',
    cure: 'IdSet.ofDisjoint(process.moving ?? [])',
    without: 'IdSet.empty',
  },
  {
    fault: 'users see what is done once before the master has it',
    file: 'src/features/once/slave.js',
    cure: 'entry.result = copy === undefined ? {} : { value: copy };',
    without:
      'entry.result = copy === undefined ? {} : { value: copy }; this.#settle(name, entry.result);',
  },
  {
    fault: 'a process that is back does not say what its users wait for',
    file: 'src/features/once/slave.js',
    cure: 'this.#compare(new Set(message.settled));',
    without: '',
  },
  {
    fault: 'slaves keep their users beyond their lease',
    file: 'src/slave/link.js',
    cure: 'this.#parts.onLeaseEnd();',
    without: '',
  },
];

/** MUTANT: only those whose fault has this text. */
const ONLY = process.env['MUTANT'] ?? '';
const SEEDS = Number(process.env['SEEDS'] ?? 200);
const STEPS = 30;
const dist = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'amoc-mutants-'));

try {
  symlinkSync(join(dist, '../node_modules'), join(folder, 'node_modules'));
  symlinkSync(join(dist, '../package.json'), join(folder, 'package.json'));
  cpSync(dist, join(folder, 'dist'), { recursive: true });
  for (const { fault, file, cure, without } of mutants.filter((each) =>
    each.fault.includes(ONLY),
  )) {
    const path = join(folder, 'dist', file);
    const code = readFileSync(path, 'utf8');
    if (code.split(cure).length !== 2) throw new Error(`${file} does not have once: ${cure}`);
    writeFileSync(path, code.replace(cure, without));
    const found = firstFailure();
    writeFileSync(path, code);
    const verdict =
      found === undefined ? `NOT FOUND in ${SEEDS} histories` : `found by seed ${found}`;
    process.stdout.write(`${verdict}: ${fault}\n`);
    if (found === undefined) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** The first seed whose history goes wrong. */
function firstFailure(): number | undefined {
  const program = join(folder, 'dist/test/simulation/simulate.js');
  const env = { ...process.env, SEED: '1', SEEDS: String(SEEDS), STEPS: String(STEPS), FIRST: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
    env,
    encoding: 'utf8',
    timeout: 600_000,
  });
  if (status === 0) return undefined;
  const seed = /^seed (\d+)/m.exec(stdout)?.[1];
  // One that cannot even be loaded says nothing of the simulation.
  if (seed === undefined) throw new Error(`the simulation did not run: ${stderr}`);
  return Number(seed);
}
