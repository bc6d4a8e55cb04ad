import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sha256 } from '../../src/lib/ids/sha256.ts';
import { exitCodes } from '../../src/record/outcome.ts';
import type { RunResult } from '../../src/record/types.ts';
import { freePort } from '../support/ports.ts';
import { eventually } from '../support/eventually.ts';
import { assertRan, Project } from '../support/project.ts';

const idle = `
import type { User } from 'amoc';
export const connectionsPerUser = 0;
export const start = (id: number, user: User) => user.sleep('1h');
`;
const counts = `
import type { User } from 'amoc';
export const connectionsPerUser = 0;
export const start = async (id: number, user: User) => { user.metrics.counter('turns').add(); };
`;

/** A project with a port for slaves. */
async function project(): Promise<{ amoc: Project; env: Record<string, string>; port: number }> {
  const amoc = new Project({ idle, counts });
  const port = await freePort();
  const env = {
    AMOC_COOKIE: 'c0ffee'.repeat(8),
    AMOC_HOME: join(amoc.folder, 'home', 'amoc'),
    AMOC_MASTER_PORT: String(port),
  };
  return { amoc, env, port };
}

/** Starts a slave, which dials until a master answers. */
function slave(
  { amoc, env, port }: Awaited<ReturnType<typeof project>>,
  name: string,
  processes = 1,
): void {
  const master = `ws://127.0.0.1:${port}`;
  const args = ['slave', '--master', master, '--name', name, '--processes', String(processes)];
  amoc.start(args, env);
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('amoc run --cluster', () => {
  it('waits for slaves with all of their processes, runs on them, and ends its listening', async () => {
    const place = await project();
    using amoc = place.amoc;
    slave(place, 'a', 2);
    slave(place, 'b');
    const settings = ['--settings', 'interarrival=1ms', 'repeatCount=1'];
    const { code, out, err } = await amoc.amoc(
      ['run', 'counts', '1', '30', '--cluster', '--slaves', '2', '--json', ...settings],
      { env: place.env },
    );
    assertRan(code, `${err}\n${out}`);
    const result = JSON.parse(out) as RunResult;
    assert.equal(result.users.finished, 30);
    assert.equal(
      Object.entries(result.metrics.counters).find(([name]) => name.startsWith('turns'))?.[1],
      30,
    );
    assert.match(err, /a, b joined with 3 processes/);
    assert.equal(await isOpen(place.port), false);

    // The slaves dial on, so a second run finds them.
    const again = await amoc.amoc(
      [
        ...['run', 'idle', '1', '6', '--cluster', '--slaves', '2', '--for', '2s'],
        ...['--threshold', 'users_started > 100', '--settings', 'interarrival=0', 'stopTimeout=0'],
      ],
      { env: place.env },
    );
    assert.equal(again.code, exitCodes.threshold, again.err);
    assert.match(again.out, /6 stopped \(6 by force\)/);
  });

  it('says how to start slaves when too few have come in time', async () => {
    const place = await project();
    using amoc = place.amoc;
    const { code, out, err } = await amoc.amoc(
      ['run', 'idle', '1', '2', '--cluster', '--slaves', '2', '--join', '1s'],
      { env: place.env },
    );
    assert.equal(code, exitCodes.failed);
    assert.equal(out, '');
    assert.match(err, new RegExp(`--master ws://127\\.0\\.0\\.1:${place.port} --name`));
  });

  it('is ended by Ctrl+C, while it waits and while it runs', async () => {
    const place = await project();
    using amoc = place.amoc;
    const waiting = amoc.start(['run', 'idle', '1', '2', '--cluster'], place.env);
    let said = '';
    waiting.stderr.on('data', (data) => (said += String(data)));
    await eventually(
      () => said,
      (text) => text.includes('waiting for 1 slave'),
    );
    waiting.kill('SIGINT');
    assert.deepEqual(await once(waiting, 'exit'), [exitCodes.failed, null]);

    slave(place, 'a');
    const settings = ['--settings', 'interarrival=0', 'stopTimeout=1h'];
    const running = amoc.start(['run', 'idle', '1', '2', '--cluster', ...settings], place.env);
    let log = '';
    running.stderr.on('data', (data) => (log += String(data)));
    await eventually(
      () => log,
      (text) => text.includes('all 2 users are running'),
    );
    running.kill('SIGINT');
    await eventually(
      () => log,
      (text) => text.includes('is stopping'),
    );
    running.kill('SIGINT');
    const [code] = (await once(running, 'exit')) as [number];
    assertRan(code, log);
  });

  it('needs a port, and one on which no console keeps a run', async () => {
    const place = await project();
    using amoc = place.amoc;
    const args = ['run', 'idle', '1', '2', '--cluster'];
    const missing = await amoc.amoc(args, { env: { ...place.env, AMOC_MASTER_PORT: '' } });
    assert.equal(missing.code, exitCodes.usage);
    assert.match(missing.err, /AMOC_MASTER_PORT=4370/);

    const home = place.env['AMOC_HOME']!;
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const body = JSON.stringify(kept);
    const journal = join(home, `master-${place.port}.journal`);
    writeFileSync(journal, `amoc-journal 1 ${sha256(body)}\n${body}\n`, { mode: 0o600 });
    const refused = await amoc.amoc(args, { env: place.env });
    assert.equal(refused.code, exitCodes.usage);
    assert.match(refused.err, /a run of long_run that has not ended/);
  });

  it('is what --slaves and --join are about', async () => {
    using amoc = new Project({ idle });
    for (const option of [
      ['--slaves', '2'],
      ['--join', '5s'],
    ]) {
      const { code, err } = await amoc.amoc(['run', 'idle', '1', '2', ...option]);
      assert.equal(code, exitCodes.usage);
      assert.match(err, /give --cluster/);
    }
  });
});

/** A run as a journal has it. */
const kept = {
  prepare: {
    run: 'long_run-1',
    scenario: {
      name: 'long_run',
      hash: '0'.repeat(32),
      files: [{ path: 'long_run.js', code: '' }],
      packages: [],
    },
    seed: 1,
    file: {},
    environment: {},
    call: {},
  },
  settings: {},
  variables: [],
  connectionsPerUser: 0,
  placement: 'roundRobin',
  startedAt: 1,
  paused: false,
  ended: { finished: 0, removed: 0, crashed: 0, lost: 0 },
  totals: { counters: {}, histograms: {} },
  processes: [],
  homeless: [],
};
