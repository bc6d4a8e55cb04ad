import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Project } from '../support/project.ts';

/** A loop at a fixed rate of a client that now and then stands still. */
const late = `
import { chatTo, isChatMessage, presence } from 'amoc';
import type { User } from 'amoc';
export async function start(id: number, user: User) {
  const session = await user.connect();
  await session.send(presence());
  let round = 0;
  for await (const due of user.every('50ms')) {
    if (++round === 5) {
      const until = performance.now() + 400;
      while (performance.now() < until);
    }
    if (round === 15) return;
    await user.timed('from_due', async () => {
      await session.send(chatTo(user.jid, 'hello', { since: due }));
      await session.waitForStanza(isChatMessage('hello'));
    }, { since: due });
    await user.timed('from_begin', () => user.sleep(0));
  }
}
`;

describe('times from the intended start', () => {
  it('have in them what a late sender would hide (coordinated omission)', async () => {
    using project = new Project({ late });
    const { code, out, err } = await project.amoc(
      ['run', 'late', '1', '1', '--json', '--settings', 'repeatCount=1'],
      { env: { AMOC_LOCAL_PROCESSES: '1' } },
    );
    assert.equal(code, 0, err);
    const { metrics } = JSON.parse(out) as {
      metrics: { times: Record<string, { count: number; p50: number; max: number }> };
    };
    const { from_due: due, from_begin: begin, message_ttd: ttd } = metrics.times;
    assert.ok(due !== undefined && begin !== undefined && ttd !== undefined);
    // None of the rounds is left out, and those that waited for their turn count as late.
    assert.equal(due.count, 14);
    assert.ok(due.max >= 400, `timed: ${due.max}`);
    assert.ok(ttd.max >= 400, `time to delivery: ${ttd.max}`);
    assert.ok(due.p50 >= 10, `half of them: ${due.p50}`);
    assert.ok(begin.max < due.max, `from its own begin: ${begin.max}`);
  });
});
