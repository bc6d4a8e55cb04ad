import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeView } from '../../src/control/views.ts';
import { eventually } from '../support/eventually.ts';
import { Project } from '../support/project.ts';
import { Shell } from '../support/shell.ts';
import { startSlowLink } from '../support/slow-link.ts';

const SEED = 4711;
const PROCESSES = 8;

describe('eight slave processes over a slow link that loses packets', () => {
  it(`are counted exactly, none is given up, and all come back after a reset (seed ${SEED})`, async () => {
    using project = new Project({ sleeper: true });
    const cookie = 'c'.repeat(40);
    const shell = new Shell(
      project.start(['console'], {
        AMOC_MASTER_PORT: '0',
        AMOC_COOKIE: cookie,
        AMOC_LOCAL_PROCESSES: '1',
      }),
    );
    await shell.see(/slaves can join at ws:\S+:(\d+)/);
    const port = Number(/slaves can join at ws:\S+:(\d+)/.exec(shell.text)?.[1]);
    await using link = await startSlowLink(port, {
      delayMs: 100,
      jitterMs: 100,
      loss: 0.01,
      lostMs: 1000,
      seed: SEED,
    });
    const url = `ws://127.0.0.1:${link.port}`;
    const flags = ['--master', url, '--name', 'far', '--processes', String(PROCESSES)];
    const slave = project.start(['slave', ...flags], { AMOC_COOKIE: cookie });
    let said = '';
    slave.stderr.on('data', (data) => (said += String(data)));
    await eventually(
      () => said,
      (text) => text.split(' serves ').length === PROCESSES + 1,
      60_000,
    );
    const settled = (count: number): Promise<unknown> =>
      shell.until(({ users, present }) => users.running === count && present === count, 60_000);
    shell.type(
      "amocDist.do('sleeper', 1, 200, { interarrival: 5, settings: { sleepTime: '1h' } })",
    );
    await settled(200);
    shell.type('amocDist.add(40)');
    await settled(240);
    shell.type('amocDist.remove(20,<force:true>)');
    await settled(220);
    const nodes = await shell.value<NodeView[]>('amocDist.nodes()');
    assert.equal(nodes.length, PROCESSES);
    for (const { name, roundTripMs = 0, clockOffsetMs = NaN } of nodes) {
      assert.ok(roundTripMs >= 200 && roundTripMs < 2000, `${name}: ${roundTripMs} ms`);
      // Both ends have the clock of this machine: the estimate is right within half of the round trip.
      assert.ok(Math.abs(clockOffsetMs) <= roundTripMs / 2, `${name}: off by ${clockOffsetMs} ms`);
    }
    assert.doesNotMatch(shell.text, /out of reach/);

    link.reset();
    await eventually(
      () => shell.text.match(/far\/\d is back/g)?.length ?? 0,
      (back) => back === PROCESSES,
      60_000,
    );
    await settled(220);
    const { ids, users } = await shell.status();
    assert.deepEqual([ids, users.lost, users.crashed, users.removed], ['1..220', 0, 0, 20]);
  });
});
