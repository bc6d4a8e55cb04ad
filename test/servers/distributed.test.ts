import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { registerUsers } from '../support/accounts.ts';
import { canMakeHosts, makeHosts } from '../support/hosts.ts';
import type { Host, Hosts } from '../support/hosts.ts';
import { eventually } from '../support/eventually.ts';
import { processesOf } from '../support/processes.ts';
import { ROOT } from '../support/root.ts';
import { Project } from '../support/project.ts';
import { Shell } from '../support/shell.ts';
import { startEjabberd } from '../support/servers.ts';
import type { RealServer } from '../support/servers.ts';

const USERS = 400;
const AMOC = join(ROOT, 'bin', 'amoc.js');

/** Stays logged in under a resource that tells the server which node it is on. */
const stay = `
import { presence } from 'amoc';
import type { User } from 'amoc';

export async function start(_id: number, user: User): Promise<void> {
  const session = await user.connect({ resource: user.node.replace('/', '-') });
  await session.send(presence());
  await user.sleep('1h');
}
`;

describe(
  'amocDist over hosts of their own',
  { skip: canMakeHosts() ? false : 'network namespaces need root: NOT tested here' },
  () => {
    let net: Hosts;
    let server: RealServer;
    let project: Project;
    let shell: Shell;
    let test = 0;
    const children: ChildProcessWithoutNullStreams[] = [];

    const [master, ...slaves]: (() => Host)[] = [0, 1, 2, 3, 4].map(
      (at) => () => net.hosts[at] as Host,
    );

    const environment = (): Record<string, string> => ({
      ...project.env,
      AMOC_COOKIE: 'c0ffee'.repeat(8),
      // A run that a killed master leaves is for the next one of the same test.
      AMOC_HOME: join(project.folder, 'home', `amoc-${test}`),
      AMOC_LOCAL_PROCESSES: '1',
      AMOC_MASTER_PORT: '4370',
      AMOC_MASTER_BIND: master!().address,
      AMOC_MASTER_PLAIN: 'allow',
      AMOC_XMPP_HOST: net.server,
      AMOC_XMPP_PORT: String(server.ports.c2s),
      AMOC_XMPP_DOMAIN: 'localhost',
      AMOC_XMPP_TLS: 'none',
      AMOC_XMPP_MECHANISM: 'PLAIN',
    });

    const open = async (): Promise<void> => {
      const process = master!().start(globalThis.process.execPath, [AMOC, 'console'], {
        cwd: project.folder,
        env: environment(),
      });
      children.push(process);
      shell = new Shell(process);
      await shell.see(/slaves can join/);
    };

    const join_ = async (at: number): Promise<ChildProcessWithoutNullStreams> => {
      const process = slaves[at - 1]!().start(
        globalThis.process.execPath,
        [AMOC, 'slave', '--master', `ws://${master!().address}:4370`, '--name', `slave${at}`],
        { cwd: project.folder, env: environment() },
      );
      children.push(process);
      let said = '';
      process.stderr.on('data', (data) => (said += String(data)));
      await eventually(
        () => said,
        (text) => / serves /.test(text),
      );
      return process;
    };

    /** Which node each user is on. */
    const places = async (): Promise<Map<number, string>> => {
      const users = await shell.value<{ users: { id: number; node: string; state: string }[] }>(
        'amocDist.users({ limit: 1000 })',
      );
      return new Map(users.users.map(({ id, node }) => [id, node]));
    };

    before(async () => {
      net = makeHosts(5);
      server = await startEjabberd({ full: false, address: '0.0.0.0', logLevel: 'info' });
      project = new Project({
        mongoose_simple: true,
        stay,
      });
      await registerUsers(server, USERS);
    });

    afterEach(async () => {
      test++;
      for (const host of net.hosts) host.setLink(true);
      for (const child of children.splice(0)) {
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }
      await eventually(
        () => processesOf(project.folder).length,
        (left) => left === 0,
      );
    });

    after(async () => {
      project[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
      net[Symbol.dispose]();
    });

    it('places users by round robin, adds and removes exactly, as typed', async () => {
      await open();
      for (const at of [1, 2, 3]) await join_(at);
      shell.type(
        "amocDist.do('mongoose_simple', 1, 300, { comment: 'x', interarrival: 10, settings: { messageInterval: '2s', warmUp: '1s' } })",
      );
      await shell.until(({ users }) => users.running + users.waiting === 300, 60_000);
      assert.equal((await shell.status()).comment, 'x');
      const first = await places();
      assert.equal(first.size, 300);
      for (const [id, node] of first) assert.equal(node, `slave${((id - 1) % 3) + 1}/1`);
      shell.type('amocDist.add(50)');
      await shell.until(({ users }) => users.running + users.waiting === 350, 30_000);
      assert.deepEqual([...(await places()).keys()].sort((a, b) => a - b).at(-1), 350);
      shell.type('amocDist.remove(50,<force:true>)');
      let status = await shell.until(({ present }) => present === 300, 10_000);
      assert.equal(status.ids, '1..300');
      shell.type('amocDist.add(50)');
      await shell.until(({ users }) => users.running + users.waiting === 350, 30_000);
      shell.type('amoc_dist:remove(50, [{force, true}]).');
      status = await shell.until(({ users }) => users.removed === 100, 10_000);
      assert.deepEqual([status.present, status.ids, status.users.crashed], [300, '1..300', 0]);
    });

    it('moves the users of a host that is cut off, and no user is logged in twice', async () => {
      await open();
      for (const at of [1, 2, 3]) await join_(at);
      const logged = readFileSync(join(server.folder, 'logs', 'ejabberd.log'), 'utf8').length;
      shell.type("amocDist.do('stay', 1, 90, { interarrival: 10, settings: { recovery: '1s' } })");
      await shell.until(({ users }) => users.running === 90, 30_000);
      slaves[1]!().setLink(false);
      const cutAt = performance.now();
      await shell.see(/slave2\/1 is out of reach/);
      const seenMs = performance.now() - cutAt;
      assert.ok(seenMs < 5000, `seen after ${seenMs} ms`);
      await shell.until(({ users }) => users.away === 0 && users.running === 90, 20_000);
      const movedMs = performance.now() - cutAt;
      assert.ok(movedMs < 15_000, `moved after ${movedMs} ms`);
      const moved = await places();
      assert.deepEqual([moved.size, [...moved.values()].includes('slave2/1')], [90, false]);
      slaves[1]!().setLink(true);
      await shell.see(/slave2\/1 joined and takes users/);
      shell.type('amocDist.add(30)');
      const status = await shell.until(({ users }) => users.running === 120, 20_000);
      assert.equal(status.nodes.find(({ name }) => name === 'slave2/1')?.users, 10);
      // A user that runs has begun to log in.
      const log = await eventually(
        () => readFileSync(join(server.folder, 'logs', 'ejabberd.log'), 'utf8').slice(logged),
        (text) => new Set(text.match(/Opened c2s session for user_\d+/g)).size === 120,
      );
      assertNeverTwice(log, 120);
    });

    it('leaves the users of a host that is cut off where they are, when told', async () => {
      await open();
      for (const at of [1, 2]) await join_(at);
      shell.type(
        "amocDist.do('stay', 1, 40, { interarrival: 10, settings: { onNodeLoss: 'leave' } })",
      );
      await shell.until(({ users }) => users.running === 40, 30_000);
      slaves[1]!().setLink(false);
      const cut = await shell.until(({ users }) => users.away === 20, 10_000);
      assert.equal(cut.users.running, 20);
      // Longer than a lease.
      const from = performance.now();
      await shell.until(() => performance.now() - from > 12_000, 20_000);
      slaves[1]!().setLink(true);
      await shell.see(/slave2\/1 is back/);
      const { users } = await shell.until(({ users }) => users.running === 40, 10_000);
      assert.deepEqual([users.away, users.lost, users.crashed], [0, 0, 0]);
    });

    it('goes on when the master is killed and started again', async () => {
      await open();
      for (const at of [1, 2]) await join_(at);
      const logged = readFileSync(join(server.folder, 'logs', 'ejabberd.log'), 'utf8').length;
      shell.type("amocDist.do('stay', 1, 60, { interarrival: 10, comment: 'kept' })");
      const before_ = await shell.until(({ users }) => users.running === 60, 30_000);
      shell.process.kill('SIGKILL');
      await once(shell.process, 'exit');
      await open();
      const back = await shell.until(({ users }) => users.running === 60, 30_000);
      assert.deepEqual(
        [back.run, back.ids, back.comment, back.users.lost],
        [before_.run, '1..60', 'kept', 0],
      );
      shell.type('amocDist.add(10)');
      await shell.until(({ users }) => users.running === 70, 20_000);
      shell.type('amocDist.remove(20, { force: true })');
      const { ids } = await shell.until(({ users }) => users.removed === 20, 20_000);
      assert.equal(ids, '1..50');
      const log = readFileSync(join(server.folder, 'logs', 'ejabberd.log'), 'utf8').slice(logged);
      // Each logged in once: nobody was stopped.
      for (let id = 1; id <= 50; id++) {
        const opened = log.match(new RegExp(`Opened c2s session for user_${id}@`, 'g')) ?? [];
        assert.equal(opened.length, 1, `user ${id} logged in ${opened.length} times`);
      }
    });

    it('replaces the users of a slave process that is killed, and of one that is evicted', async () => {
      await open();
      for (const at of [1, 2]) await join_(at);
      shell.type("amocDist.do('stay', 1, 40, { interarrival: 10, settings: { recovery: '1s' } })");
      const { nodes } = await shell.until(({ users }) => users.running === 40, 30_000);
      process.kill(nodes.find(({ name }) => name === 'slave2/1')?.pid ?? 0, 'SIGKILL');
      const { users } = await shell.until(
        ({ users }) => users.lost === 20 && users.running === 40,
        20_000,
      );
      assert.equal(users.away, 0);
      shell.type("amocDist.evict('slave1')");
      await shell.see(/evicted slave1\/1/);
      await shell.until(({ users, nodes }) => users.running === 40 && nodes.length === 1, 20_000);
    });

    it('gives a slave that comes in mid-run its share, of add() and of rebalance()', async () => {
      await open();
      for (const at of [1, 2, 3]) await join_(at);
      shell.type(
        "amocDist.do('mongoose_simple', 1, 60, { interarrival: 10, settings: { rounds: 1, messageInterval: '100ms', warmUp: '500ms', coolDown: '500ms', repeatInterval: '500ms' } })",
      );
      await shell.until(({ users }) => users.starting === 0 && users.running > 0, 30_000);
      await join_(4);
      await shell.see(/slave4\/1 joined and takes users/);
      shell.type('amocDist.add(40)');
      const added = await shell.until(
        ({ users, present }) => present === 100 && users.starting === 0,
        20_000,
      );
      assert.equal(added.nodes.find(({ name }) => name === 'slave4/1')?.users, 10);
      shell.type('amocDist.rebalance()');
      const even = await shell.until(
        ({ nodes }) => nodes.every(({ users }) => users === 25),
        30_000,
      );
      assert.deepEqual([even.present, even.users.crashed, even.users.removed], [100, 0, 0]);
    });
  },
);

/** By the server's own log: nobody had two sessions at once. */
function assertNeverTwice(log: string, users: number): void {
  const open = new Map<string, string>();
  const seen = new Set<string>();
  for (const line of log.split('\n')) {
    const opened = /Opened c2s session for (user_\d+)@localhost\/(\S+)/.exec(line);
    const closed = /Closing c2s session for (user_\d+)@localhost\/([^\s:]+)/.exec(line);
    const [, user, resource] = opened ?? closed ?? [];
    if (user === undefined || resource === undefined) continue;
    if (closed !== null) {
      if (open.get(user) === resource) open.delete(user);
      continue;
    }
    assert.equal(open.get(user), undefined, `${user} is logged in twice: ${line}`);
    open.set(user, resource);
    seen.add(user);
  }
  assert.equal(seen.size, users);
  assert.equal(open.size, users);
}
