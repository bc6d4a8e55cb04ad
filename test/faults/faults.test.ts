import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { canMakeHosts, makeHosts } from '../support/hosts.ts';
import { eventually } from '../support/eventually.ts';
import { killAll, processesOf } from '../support/processes.ts';
import { monotonicMs, RealCluster } from '../support/real-cluster.ts';
import type { RealSlave, Sign } from '../support/real-cluster.ts';
import type { StatusView } from '../../src/control/views.ts';

const isRoot = process.getuid?.() === 0;
const LIBFAKETIME = ['x86_64', 'aarch64']
  .map((kind) => `/usr/lib/${kind}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));

const passMs = (ms: number): Promise<void> =>
  eventually(
    (() => {
      const end = performance.now() + ms;
      return () => performance.now() >= end;
    })(),
    Boolean,
    ms * 2 + 10_000,
  ).then(() => {});

/** Starts the embedded server as a target that is not amoc's own. @returns the environment that names it */
async function startTarget({ project }: RealCluster): Promise<Record<string, string>> {
  const server = project.start(['server', '--port', '0']);
  let said = '';
  server.stdout.on('data', (data) => (said += String(data)));
  await eventually(
    () => said,
    (text) => /XMPP on/.test(text),
  );
  const port = /127\.0\.0\.1:(\d+)/.exec(said)?.[1] ?? '';
  return { AMOC_XMPP_HOST: '127.0.0.1', AMOC_XMPP_PORT: port, AMOC_XMPP_DOMAIN: 'localhost' };
}

/** Ids that gave a sign of life in two processes at once: one between two signs of the other. */
function doubles(signs: readonly Sign[]): number[] {
  const seen = new Map<number, Map<number, { first: number; last: number }>>();
  for (const { id, pid, at } of signs) {
    const spans = seen.get(id) ?? new Map<number, { first: number; last: number }>();
    seen.set(id, spans);
    const span = spans.get(pid);
    if (span === undefined) spans.set(pid, { first: at, last: at });
    else span.last = at;
  }
  return [...seen]
    .filter(([, spans]) => {
      const inOrder = [...spans.values()].sort((a, b) => a.first - b.first);
      return inOrder.some((span, at) => at > 0 && span.first < (inOrder[at - 1]?.last ?? 0));
    })
    .map(([id]) => id);
}

describe('a cluster of real processes', { concurrency: 3 }, () => {
  it('whose machines stand still beyond their lease: no user acts where it is no longer at home', async () => {
    await using cluster = await RealCluster.make();
    await cluster.open();
    // The first one's process stands still, the second one's whole machine, for longer.
    const [process_, machine] = [await cluster.join('s1'), await cluster.join('s2')];
    await cluster.join('s3');
    await cluster.run(60);
    const stopped: [RealSlave, number[], ms: number][] = [
      [process_, cluster.pidsOf(process_).users, 12_000],
      [machine, [cluster.pidsOf(machine).supervisor, ...cluster.pidsOf(machine).users], 20_000],
    ];
    await Promise.all(
      stopped.map(async ([slave, pids, ms]) => {
        const users = cluster.pidsOf(slave).users;
        for (const pid of pids) process.kill(pid, 'SIGSTOP');
        await passMs(ms);
        await cluster.shell.until((status) => status.users.running === 60, 30_000);
        const wokenAt = monotonicMs();
        for (const pid of pids) process.kill(pid, 'SIGCONT');
        await eventually(
          () => slave.said,
          (said) => /the lease of this process has ended|is gone|serves.*\n.*serves/s.test(said),
        );
        await passMs(1500);
        const acts = cluster.signs().filter(({ pid, at }) => users.includes(pid) && at > wokenAt);
        assert.deepEqual(
          acts.filter(({ kind }) => kind === 'sign').map(({ id }) => id),
          [],
          `acts of users of ${slave.name} after it went on`,
        );
      }),
    );
    const { users, present } = await cluster.shell.status();
    assert.deepEqual([present, users.running, users.crashed], [60, 60, 0]);
  });

  it('ends a slave whose name is taken, and one that is sent away, with 2 and the reason', async () => {
    await using cluster = await RealCluster.make();
    await cluster.open();
    const first = await cluster.join('s1');
    const second = cluster.start('s1');
    assert.equal(await second.ended, 2);
    assert.match(
      second.said,
      /a process called s1\/1 has joined already .*give this one another name/,
    );
    assert.ok(second.said.split('\n').length < 8, second.said);
    await cluster.join('s2');
    await cluster.run(10);
    cluster.shell.type("amocDist.evict('s1')");
    assert.equal(await first.ended, 2);
    assert.match(first.said, /it was evicted; start it again to let it join/);
    await cluster.shell.until(({ users }) => users.running === 10, 30_000);
    await cluster.join('s1');
  });

  it('starts the users of a slave that is killed elsewhere at once, as those of a lost process', async () => {
    await using cluster = await RealCluster.make();
    await cluster.open();
    const killed = await cluster.join('s1');
    await cluster.join('s2');
    await cluster.run(20);
    const { supervisor, users } = cluster.pidsOf(killed);
    process.kill(supervisor, 'SIGKILL');
    await cluster.shell.see(
      /s1\/1 is gone \(its amoc slave has ended\); its 10 users are started again on s2\/1/,
    );
    await cluster.shell.until((status) => status.users.running === 20, 30_000);
    const ended = (): boolean => !processesOf(cluster.project.folder).includes(users[0] ?? 0);
    await eventually(ended, Boolean);
    assert.doesNotMatch(cluster.shell.text, /out of reach|its lease has ended/);
    assert.deepEqual(doubles(cluster.signs()), []);
  });

  it('says that a slave process had no memory left, and how to give it more', async () => {
    await using cluster = await RealCluster.make({
      hoarder: `
        const kept: unknown[] = [];
        export const connectionsPerUser = 0;
        export async function start(): Promise<void> {
          for (;;) {
            for (let at = 0; at < 20_000; at++) kept.push({ at: [at] });
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        }`,
    });
    await cluster.open();
    await cluster.join('s1', { env: { AMOC_SLAVE_HEAP_MB: '64' } });
    cluster.shell.type("await amocDist.do('hoarder', 1, 4)");
    const why = 'its heap of 64 MB was full; AMOC_SLAVE_HEAP_MB sets the size';
    await cluster.shell.see(new RegExp(`s1/1 is gone \\(${why}\\)`));
    await cluster.shell.see(
      new RegExp(`its processes crash again and again, the last one is gone \\(${why}\\)`),
    );
    await cluster.shell.value('amocDist.stop({ force: true })');
  });

  it('answers its consoles, and says what is wrong, when more connect than its files allow', async () => {
    await using cluster = await RealCluster.make();
    await cluster.open({ before: ['prlimit', '--nofile=256:256'] });
    const idle = Array.from({ length: 300 }, () =>
      connect(cluster.port, cluster.host).on('error', () => {}),
    );
    try {
      await cluster.shell.see(
        /slaves are refused: 192 connections are open, .* the 256 files that it may open/,
      );
      assert.equal(await cluster.shell.value('1 + 1'), 2);
      // Strangers make place for who knows the cookie, one at a time.
      await cluster.join('s1');
      await cluster.run(10);
    } finally {
      for (const socket of idle) socket.destroy();
    }
  });

  it('starts each user once on a slave that runs out of files, and counts each that fails once', async () => {
    await using cluster = await RealCluster.make({
      connected: `
        import { openSync, writeSync } from 'node:fs';
        import type { User } from 'amoc';
        const out = openSync(process.env['BEACONS'] + '/' + process.pid, 'a');
        export async function start(id: number, user: User): Promise<void> {
          writeSync(out, Number(process.hrtime.bigint()) / 1e6 + ' start ' + id + '\\n');
          await user.connect();
          await user.sleep('1h');
        }`,
    });
    await cluster.open({ env: await startTarget(cluster) });
    await cluster.join('s1', { before: ['prlimit', '--nofile=256:256'] });
    cluster.shell.type(
      "await amocDist.do('connected', 1, 400, { interarrival: 2, settings: { checkLimits: false } })",
    );
    const { users } = await cluster.shell.until(
      (status) =>
        status.users.starting === 0 && status.users.running + status.users.crashed === 400,
      60_000,
    );
    // What it runs out of is found within a moment; whoever is started again is so within some seconds.
    await passMs(6000);
    const later = await cluster.shell.status();
    assert.deepEqual([later.users.running, later.users.crashed], [users.running, users.crashed]);
    const starts = cluster.signs().map(({ id }) => id);
    assert.equal(starts.length, 400);
    assert.equal(new Set(starts).size, 400);
    assert.ok(users.crashed > 100, `${users.crashed} crashed`);
    const { errors } = await cluster.shell.value<{
      errors: { error: string; count: number; isStray?: true }[];
    }>('amocDist.users({ limit: 1 })');
    const counted = errors.filter(({ isStray }) => isStray !== true);
    assert.equal(
      counted.reduce((sum, { count }) => sum + count, 0),
      users.crashed,
      JSON.stringify(errors),
    );
  });

  it(
    'has its slaves back when its master is killed after its disk was full, and counts exactly from then on',
    { skip: isRoot ? false : 'a small disk needs root: NOT tested here' },
    async () => {
      await using cluster = await RealCluster.make();
      const home = cluster.env['AMOC_HOME'] as string;
      mkdirSync(home, { recursive: true, mode: 0o700 });
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k,mode=0700', 'tmpfs', home]);
      try {
        await cluster.open();
        for (const name of ['s1', 's2']) await cluster.join(name);
        await cluster.run(100);
        const filler = join(home, 'filler');
        for (let size = 512 * 1024; size >= 1024;) {
          try {
            writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
          } catch {
            size >>= 1;
          }
        }
        await cluster.shell.see(/the run cannot be saved in/);
        // Reports that are on no disk: the slaves keep them.
        await passMs(4000);
        cluster.shell.process.kill('SIGKILL');
        rmSync(filler);
        const killedAt = performance.now();
        await cluster.open();
        await cluster.shell.until(({ users }) => users.running === 100 && users.away === 0, 15_000);
        assert.ok(performance.now() - killedAt < 20_000);
        await cluster.shell.value('amocDist.add(10)');
        await cluster.shell.until(({ users }) => users.running === 110, 30_000);
        const stopped = await cluster.shell.value<{ users: Record<string, number> }>(
          'amocDist.stop({ force: true })',
        );
        assert.deepEqual(
          [stopped.users['removed'], stopped.users['crashed'], stopped.users['lost']],
          [110, 0, 0],
        );
        assert.deepEqual(doubles(cluster.signs()), []);
        await cluster.run(20);
      } finally {
        killAll(processesOf(cluster.project.folder));
        await eventually(
          () => {
            try {
              execFileSync('umount', [home], { stdio: 'ignore' });
              return true;
            } catch {
              return false;
            }
          },
          Boolean,
          20_000,
        );
      }
    },
  );

  it(
    'runs no user twice when one address of its master refuses and the other is out of reach',
    { skip: canMakeHosts() ? false : 'network namespaces need root: NOT tested here' },
    async () => {
      using net = makeHosts(4);
      const [master, cut, other, refusing] = net.hosts;
      assert.ok(master && cut && other && refusing);
      await using cluster = await RealCluster.make({}, master.address);
      const on = (name: string): string[] => ['ip', 'netns', 'exec', name];
      // A name of two addresses: on the first one nothing listens, the second one is the master's.
      const names = `/etc/netns/${cut.name}`;
      mkdirSync(names, { recursive: true });
      writeFileSync(
        join(names, 'hosts'),
        `127.0.0.1 localhost\n${refusing.address} master.test\n${master.address} master.test\n`,
      );
      try {
        await cluster.open({ before: on(master.name) });
        const url = `ws://master.test:${cluster.port}`;
        await cluster.join('s1', { before: on(cut.name), url });
        await cluster.join('s2', { before: on(other.name) });
        await cluster.run(40);
        const route = ['ip', 'netns', 'exec', cut.name, 'ip', 'route'];
        const [ip = '', ...args] = route;
        execFileSync(ip, [...args, 'add', 'unreachable', `${master.address}/32`]);
        await cluster.shell.see(/s1\/1 is gone \(its lease has ended\)/, 60_000);
        await cluster.shell.until(({ users }) => users.running === 40, 30_000);
        await passMs(3000);
        assert.deepEqual(doubles(cluster.signs()), []);
        execFileSync(ip, [...args, 'delete', 'unreachable', `${master.address}/32`]);
        await eventually(
          () => cluster.shell.status(),
          ({ nodes }) => nodes.length === 2,
        );
        assert.deepEqual(doubles(cluster.signs()), []);
      } finally {
        rmSync(names, { recursive: true });
      }
    },
  );

  it(
    'keeps the step of a clock out of the times to delivery, and says it',
    { skip: LIBFAKETIME === undefined ? 'libfaketime is not installed: NOT tested here' : false },
    async (test) => {
      await using cluster = await RealCluster.make({ my_scenario: true });
      const faked = (clock: string): Record<string, string> => ({
        LD_PRELOAD: LIBFAKETIME ?? '',
        FAKETIME_TIMESTAMP_FILE: cluster.project.write(clock, '+0\n'),
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      });
      await cluster.open({ env: { ...(await startTarget(cluster)), ...faked('clock-of-master') } });
      const slave = await cluster.join('s1', { env: faked('clock-of-slave') });
      await cluster.join('s2');
      cluster.shell.type(
        "await amocDist.do('my_scenario', 1, 20, { interarrival: 10, settings: { messageInterval: 100, messages: 1000 } })",
      );
      const status = (): Promise<StatusView> => cluster.shell.status();
      const received = async (): Promise<number> => (await status()).messages.received;
      await eventually(received, (count) => count > 400);
      const before = await status();
      for (const clock of ['clock-of-slave', 'clock-of-master']) {
        for (const step of ['+1h', '-1h', '+0']) {
          const count = await received();
          cluster.project.write(clock, `${step}\n`);
          await eventually(received, (now) => now > count + 400);
        }
      }
      await eventually(
        () => cluster.shell.text + slave.said,
        (text) => /the clock of this machine was set forward by 1 h/.test(text),
      );
      const { messages, users, runningForMs = -1 } = await status();
      assert.equal(users.crashed, 0);
      const spent = { before: before.messages.delivery, after: messages.delivery };
      test.diagnostic(`time to delivery, ms: ${JSON.stringify(spent)}`);
      assert.ok((messages.delivery?.max ?? Infinity) < 60_000, JSON.stringify(spent));
      // A machine that is busy delays a message by as much; a clock that was set, by an hour.
      const moved = (messages.delivery?.p95 ?? Infinity) - (before.messages.delivery?.p95 ?? 0);
      assert.ok(moved < 1000, JSON.stringify(spent));
      assert.ok(runningForMs > 0 && runningForMs < 1_800_000, `${runningForMs}`);
    },
  );
});

describe('the beacons of these tests', () => {
  it('show a user that runs twice', () => {
    const sign = (at: number, id: number, pid: number): Sign => ({ at, kind: 'sign', id, pid });
    assert.deepEqual(doubles([sign(1, 1, 1), sign(2, 1, 2), sign(3, 1, 1)]), [1]);
    assert.deepEqual(doubles([sign(1, 1, 1), sign(2, 1, 1), sign(3, 1, 2)]), []);
  });
});
