import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunEntry } from '../../src/record/run-reader.ts';
import type { ComparedRuns } from '../../src/cli/reports.ts';
import type { Comparison } from '../../src/report/compare.ts';
import { eventually } from '../support/eventually.ts';
import { assertRan, Project } from '../support/project.ts';
import { talkers } from '../support/scenarios.ts';
import { startSlowLink } from '../support/slow-link.ts';

const env = { AMOC_STOP_TIMEOUT: '100ms', AMOC_LOCAL_PROCESSES: '1' };

// Two runs are the same only where nothing else takes the machine from one of them.
describe('amoc compare', () => {
  it('finds no difference of the same, and which metrics changed behind 20 ms more', async () => {
    using project = new Project({ talkers });
    const server = project.start(['server', '--port', '0']);
    let said = '';
    server.stdout.on('data', (data) => (said += String(data)));
    server.stderr.on('data', (data) => (said += String(data)));
    await eventually(
      () => said,
      (text) => /127\.0\.0\.1:(\d+)/.test(text),
    );
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
    const link = { jitterMs: 2, loss: 0, lostMs: 0, seed: 1 };
    // What a machine adds or not from one run to the next is little beside 40 ms.
    await using near = await startSlowLink(port, { ...link, delayMs: 20 });
    await using far = await startSlowLink(port, { ...link, delayMs: 30 });
    for (const [comment, { port: through }] of [
      ['first', near],
      ['again', near],
      ['far', far],
    ] as const) {
      const ended = await project.amoc(
        ['run', 'talkers', '1', '10', '--for', '13s', '--comment', comment],
        {
          env: {
            ...env,
            AMOC_XMPP_HOST: '127.0.0.1',
            AMOC_XMPP_PORT: String(through),
            AMOC_XMPP_DOMAIN: 'localhost',
            AMOC_XMPP_TLS: 'none',
            AMOC_INTERARRIVAL: '5ms',
          },
        },
      );
      assertRan(ended.code, ended.err);
    }
    const runs = JSON.parse((await project.amoc(['runs', '--json'])).out) as RunEntry[];
    const [first = '', again = '', distant = ''] = runs.map(({ definition }) => definition.id);
    const same = await project.amoc(['compare', first, again, '--fail']);
    assert.match(same.out, /^ {2}no difference$/m);
    assert.equal(same.code, 0);
    const changed = await project.amoc(['compare', first, distant, '--fail']);
    assert.equal(changed.code, 3, changed.out);
    assert.match(changed.out, /^ {2}changed: .*message_ttd p50/m);
    assert.match(changed.out, /Mann-Whitney U/);
    const { rows } = JSON.parse(
      (await project.amoc(['compare', first, distant, '--json'])).out,
    ) as ComparedRuns;
    const row = (metric: string, stat: string): Comparison | undefined =>
      rows.find((each) => each.metric === metric && each.stat === stat);
    for (const metric of ['message_ttd', 'iq', 'asked']) {
      const { verdict, a = 0, b = 0 } = row(metric, 'p50') ?? {};
      assert.equal(verdict, 'changed', metric);
      assert.ok(b - a > 15 && b - a < 60, `${metric}: ${a} → ${b}`);
    }
    assert.equal(row('messages_sent', 'rate')?.verdict, 'same');
  });
});
