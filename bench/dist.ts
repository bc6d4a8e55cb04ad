/**
 * What a cluster costs its master: real connections from simulated slaves in a process of their own.
 * Writes bench/results/dist.json.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../src/lib/time/clock.ts';
import { newCookie } from '../src/protocol/cookie.ts';
import { openControlServer } from '../src/master/nodes/control-server.ts';
import { FileJournal } from '../src/master/run/journal.ts';
import { Master } from '../src/master/master.ts';
import { report, ROOT } from './harness.ts';
import type { Figure } from './harness.ts';
import type { FakeReport } from './cluster/fake-slaves.ts';

const METRICS = 50;
const SECONDS = 8;
const figures: Figure[] = [];
const cookie = newCookie();

/** Counts the users that were assigned to slaves, and keeps the time of the last assignment. */
class Arrivals {
  #users = 0;
  #lastAt = 0;
  died: { at: number; users: number } | undefined;

  constructor(child: ChildProcess) {
    child.on('message', (message: FakeReport) => {
      if (message.type === 'assigned') {
        this.#users += message.users;
        this.#lastAt = message.at;
      } else if (message.type === 'died') this.died = message;
    });
  }

  reset(): void {
    this.#users = 0;
  }

  /** @returns when the last of this many users had arrived */
  async whenAll(users: number): Promise<number> {
    while (this.#users < users) await pause(2);
    return this.#lastAt;
  }
}

async function measure(nodes: number): Promise<void> {
  const users = nodes * 1000;
  const add = (name: string, value: number, unit: string, must = ''): void => {
    figures.push({ name: `${name}, ${nodes.toLocaleString('en-US')} nodes`, value, unit, must });
  };
  const only = (must: string): string => (nodes === 1000 ? must : '');
  const folder = mkdtempSync(join(tmpdir(), 'amoc-bench-'));
  const scenario = { name: 'bench', hash: '0'.repeat(32), packages: [] };
  const master = new Master({
    name: 'amocDist',
    clock: systemClock,
    compile: () =>
      Promise.resolve({ ...scenario, files: [{ path: 'bench.js', code: 'x'.repeat(20_000) }] }),
    readSources: () => ({ file: {}, environment: {} }),
    expected: () => 1,
    joinMs: 0,
    whenNoNodes: () => 'none',
    kill: () => {},
    leases: true,
    journal: new FileJournal(join(folder, 'journal'), (text) => process.stderr.write(text)),
    randomSeed: () => 1,
    notice: () => {},
    logs: () => {},
  });
  await using listener = await openControlServer(master, {
    host: '127.0.0.1',
    port: 0,
    cookie,
    clock: systemClock,
    onRefused: (text) => process.stderr.write(`${text}\n`),
  });
  const program = join(ROOT, 'dist', 'bench', 'cluster', 'fake-slaves.js');
  const url = `ws://127.0.0.1:${listener.port}`;
  const child = fork(program, [url, String(nodes), String(METRICS)], {
    env: { ...process.env, AMOC_COOKIE: cookie },
  });
  await once(child, 'message');
  const arrivals = new Arrivals(child);

  const began = performance.now();
  await master.do('bench', 1, users, { settings: { checkLimits: false } });
  add(
    `do() of ${users.toLocaleString('en-US')} users, accepted and sent`,
    performance.now() - began,
    'ms',
    only('≤ 1000'),
  );
  await arrivals.whenAll(users);
  add('the last of them is with its slave after', performance.now() - began, 'ms');

  await pause(3000);
  const before = process.cpuUsage();
  await pause(SECONDS * 1000);
  const { user, system } = process.cpuUsage(before);
  add(
    `CPU of the master, a report a second with ${METRICS} metrics each, 3 of them histograms`,
    (user + system) / 1e4 / SECONDS,
    '% of a core',
    only('≤ 50'),
  );
  add('memory of the master', process.memoryUsage.rss() / 1024 / 1024, 'MB', only('≤ 300'));
  const status = performance.now();
  await master.status();
  add('status()', performance.now() - status, 'ms');

  arrivals.reset();
  const addedAt = Date.now();
  await master.add(50);
  add(
    'add(50), to the arrival of the last at its slave',
    (await arrivals.whenAll(50)) - addedAt,
    'ms',
    '≤ 200',
  );

  arrivals.reset();
  child.send('die');
  while (arrivals.died === undefined) await pause(5);
  const movedAt = await arrivals.whenAll(arrivals.died.users);
  add(
    'from the death of a node to the last of its users elsewhere (lease 8 s, margin 2 s)',
    (movedAt - arrivals.died.at) / 1000,
    's',
  );
  child.disconnect();
  await once(child, 'exit');
  rmSync(folder, { recursive: true });
}

for (const nodes of [10, 100, 1000]) await measure(nodes);
report('dist', figures);
process.exit();
