import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { renderEvents } from '../../src/console/views/events-view.ts';
import { LogView, renderLog } from '../../src/console/views/log-view.ts';
import { renderMetrics } from '../../src/console/views/metrics-view.ts';
import { paintOf } from '../../src/console/views/paint.ts';
import {
  brief,
  errorTable,
  renderNodes,
  renderStatus,
  table,
  timeTable,
} from '../../src/console/views/render.ts';
import { renderProgress, renderSummary } from '../../src/console/views/summary.ts';
import { renderWatch } from '../../src/console/views/watch.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { hostileRun } from '../support/hostile-run.ts';
import type { HostileRun } from '../support/hostile-run.ts';
import { assertLegible, hostileText } from '../support/hostile-text.ts';

/** Everything that a console shows of a run. */
function picturesOf(run: HostileRun, level: 0 | 1): string[] {
  const paint = paintOf(level);
  const { status, metrics, events, result, listing, logs } = run;
  const titles = status.headlines.map(({ title }) => title);
  const traffic = Object.fromEntries(titles.map((title) => [title, { sent: 2, latencyP99: 3 }]));
  const trend = [{ users: 1, traffic, cpu: 0.5 }];
  return [
    renderStatus(status, paint),
    renderStatus({ ...status, state: 'failed' }, paint),
    renderNodes(status.nodes, paint),
    errorTable(listing.errors, paint),
    timeTable(metrics.times, paint),
    renderMetrics(metrics, paint),
    renderEvents(events, paint),
    renderProgress(status),
    renderSummary(result, 10, paint),
    renderWatch({ status, metrics, trend, events }, 100, paint),
    renderLog(logs, paint),
    table(['a', 'b'], [listing.users.map(({ error = '' }) => error)], paint),
    brief(listing.errors[0]?.message ?? ''),
    logged(run, level === 1),
  ];
}

/** What a log view writes of such lines. */
function logged({ logs }: Pick<HostileRun, 'logs'>, colors: boolean): string {
  let text = '';
  using view = new LogView({
    ...{ clock: new FakeClock(), colors, write: (written) => (text += written) },
  });
  view.add(logs);
  view.flush();
  return text;
}

describe('what a console shows of text that others wrote', () => {
  it('does not steer the terminal, whatever the text is and wherever it stands', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const run = hostileRun(text);
        for (const picture of picturesOf(run, 0)) assertLegible(picture);
        for (const picture of picturesOf(run, 1)) assertLegible(picture, { colours: true });
      }),
      { numRuns: 30 },
    );
  });

  it('has our colours only', () => {
    const red = '\u001b[31m';
    for (const picture of picturesOf(hostileRun(`${red}FORGED`), 1)) {
      assert.ok(!picture.includes(`${red}FORGED`), picture);
    }
    const shown = renderNodes(hostileRun('FORGED').status.nodes, paintOf(1));
    assert.ok(shown.includes(`${red}FORGED`), 'a state that is not ready is red');
  });

  it('has no more lines than it would have without: none is made up', () => {
    const forged = 'x\n2026-11-27 00:00:00.000 [info] forged\r\ny\u2028z';
    const lines = (text: string): number[] =>
      picturesOf(hostileRun(text), 0)
        .slice(0, 10)
        .map((picture) => picture.split('\n').length);
    assert.deepEqual(lines(forged), lines('plain'));
  });

  it('marks the further lines of a log message as such, and keeps them', () => {
    const line = { level: 50, time: new Date(2026, 10, 27).getTime(), node: 's/1' };
    const text = logged(
      { logs: [{ ...line, msg: 'one\n2026-11-27 00:00:00.000 [info] two\r\nthree' }] },
      false,
    );
    assert.equal(
      text,
      '2026-11-27 00:00:00.000 [error] s/1 one\n    2026-11-27 00:00:00.000 [info] two\n    three\n',
    );
    fc.assert(
      fc.property(hostileText, (hostile) => {
        const { logs } = hostileRun(hostile);
        for (const log of logs) {
          const [first = '', ...rest] = logged({ logs: [log] }, false)
            .trimEnd()
            .split('\n');
          assert.match(first, /^20\d\d-\d\d-\d\d [\d:.]+ \[\w+\]/);
          for (const each of rest) assert.match(each, /^( {4}|$)/);
          for (const each of renderLog([log], paintOf(0)).split('\n').slice(1)) {
            assert.match(each, /^ {4}/);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it("shows fields of a log line that have the names of JavaScript's own", () => {
    for (const name of [...Object.getOwnPropertyNames(Object.prototype), 'name', 'timestamp']) {
      for (const fields of [`{"${name}":"as given"}`, `{"${name}":{"deep":"as given"}}`]) {
        const line = { level: 30, time: 0, msg: 'said' };
        const within = logged({ logs: [{ ...line, fields: JSON.parse(fields) as object }] }, false);
        const beside = logged({ logs: [{ ...(JSON.parse(fields) as object), ...line }] }, false);
        for (const text of [within, beside]) {
          assert.match(text, new RegExp(`\\n {4}(fields\\.)?${name}: `), name);
          assert.match(text, /as given/, name);
        }
      }
    }
  });

  it('takes fields of a log line for what they are, of whatever type', () => {
    const odd: unknown[] = [
      null,
      5,
      true,
      {},
      [],
      ['\u001b[2J'],
      { toString: 1 },
      'x'.repeat(10_000),
    ];
    for (const value of odd) {
      const text = logged(
        {
          logs: [
            {
              level: 30,
              time: 0,
              node: value,
              scenario: value,
              user: value,
              trace: value,
              msg: 'said',
            },
            { level: value as number, time: value as number, msg: value as string },
          ],
        },
        false,
      );
      assertLegible(text);
      assert.match(text, / said\n/);
      assert.ok(text.length < 20_000);
    }
    let deep: unknown = 1;
    for (let level = 0; level < 200_000; level++) deep = [deep];
    assert.match(
      logged({ logs: [{ level: 30, time: 0, msg: 'said', deep }] }, false),
      /said\n.*deep/,
    );
  });

  it('has columns that align by what is seen', () => {
    const widths = {
      plain: 5,
      日本語: 6,
      'e\u0301': 1,
      '👍': 2,
      'a\u200bb': 3,
      '\u001b[31mx': 6,
      한국어: 6,
    };
    const names = Object.keys(widths);
    const [, ...lines] = table(
      ['name', 'value'],
      names.map((name) => [name, '1']),
      paintOf(0),
    ).split('\n');
    for (const [at, width] of Object.values(widths).entries()) {
      const line = lines[at] ?? '';
      const blanks = /( +)1$/.exec(line)?.[1] ?? '';
      assert.equal(width + blanks.length, 8, line);
    }
  });
});
