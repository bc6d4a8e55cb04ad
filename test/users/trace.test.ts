import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tracer } from '../../src/users/trace.ts';
import { MemoryCluster } from '../support/memory-cluster.ts';
import { Project } from '../support/project.ts';

describe('users that are waited for', () => {
  async function running(): Promise<MemoryCluster> {
    const cluster = new MemoryCluster({ idle: { start: () => {}, connectionsPerUser: 0 } });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('idle', 1, 1));
    return cluster;
  }

  it('are a hundred at most', async () => {
    const cluster = await running();
    const trace = (id: number, on?: boolean): Promise<unknown> =>
      cluster.run(cluster.master.trace(id, on));
    for (let id = 1001; id <= 1100; id++) await trace(id);
    await assert.rejects(trace(1101), /too many others wait to be traced; trace\(false\)/);
    assert.deepEqual(await trace(1050, false), { id: 1050, on: false, waits: false });
    assert.deepEqual(await trace(1101), { id: 1101, on: true, waits: true });
  });

  it('are waited for wherever they start', async () => {
    const cluster = await running();
    for (const id of [2, 3, 4, 5]) await cluster.run(cluster.master.trace(id, true));
    await cluster.run(cluster.master.add(3));
    await cluster.clock.advance(1000);
    // Those that run are found, and traced already: the other of the two is to stop.
    const left = await cluster.run(Promise.all([2, 3, 4, 5].map((id) => cluster.master.trace(id))));
    assert.deepEqual(
      left,
      [2, 3, 4, 5].map((id) => ({ id, on: false, waits: false })),
    );
  });
});

describe('a trace', () => {
  it('cuts what is long', () => {
    const lines: string[] = [];
    tracer(
      (text) => text,
      (line) => lines.push(line),
    )('out', `<a>${'x'.repeat(9000)}</a>`);
    assert.ok(lines[0]!.length < 4100 && lines[0]!.startsWith('sent <a>'));
  });

  it("shows one user's stanzas in the console, logins included, and stops again", async () => {
    using project = new Project({ my_scenario: true });
    const { out, err } = await project.lines(
      "await amocLocal.do('my_scenario', 1, 2, { settings: { messageInterval: 50, messages: 3, repeatInterval: 300, interarrival: 0 } })",
      // Before that user 2 may still wait for its start.
      'while ((await amocLocal.users({ state: "running" })).users.length < 2) await sleep(20)',
      'await user(2).trace()',
      "await sleep('1s')",
      'await amocLocal.user(2).trace()',
    );
    const text = out + err;
    assert.match(text, /the traffic of user 2 is shown; user\(2\)\.trace\(\) stops it/);
    assert.match(text, /user 2@\S+ sent <message [^>]*>/);
    assert.match(text, /user 2@\S+ got {2}<message [^>]*>/);
    assert.match(text, /user 2@\S+ sent <auth[^>]*>(<initial-response>)?\*\*\*</);
    assert.doesNotMatch(text, /user 1@\S+ (sent|got)/);
    assert.match(text, /the traffic of user 2 is no longer shown/);
  });

  it('begins with the login of a user that does not run yet', async () => {
    const start = `import type { User } from 'amoc';
export async function start(_id: number, user: User): Promise<void> {
  await user.connect();
}`;
    using project = new Project({ login: start });
    const { out, err } = await project.lines(
      "await amocLocal.do('login', 1, 1, { settings: { repeatCount: 1, interarrival: 0 } })",
      'await user(7).trace()',
      'await user(8).trace()',
      'await user(8).trace()',
      'await amocLocal.add(7)',
      'while ((await amocLocal.status()).users.completed < 8) await sleep(20)',
      "await sleep('300ms')",
    );
    const text = out + err;
    assert.match(text, /user 7 is not running; its traffic will be shown from its start on/);
    assert.match(text, /the traffic of user 8 is no longer shown/);
    assert.match(
      text,
      /user 7@\S+ sent .*<stream:stream[\s\S]*user 7@\S+ sent <auth[^>]*>(<initial-response>)?\*\*\*</,
    );
    assert.doesNotMatch(text, /user [^7]@\S+ (sent|got)/);
  });
});
