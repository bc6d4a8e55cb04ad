import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import '../../../src/app/drivers.ts';
import { paintFor } from '../../../src/console/views/paint.ts';
import { renderSummary } from '../../../src/console/views/summary.ts';
import type { RunResult } from '../../../src/record/types.ts';
import { makeResult } from '../../support/results.ts';

const summary = (change: Partial<RunResult>): string =>
  renderSummary(makeResult(change), 1, paintFor(false));

function counting(names: readonly string[]): Partial<RunResult> {
  const counters = Object.fromEntries(names.map((name, at) => [name, at]));
  return { metrics: { counters, times: {}, gauges: {} } };
}

describe('the summary of a run', () => {
  it("has the scenario's own counters, and none of amoc's", () => {
    const names = ['orders', 'rest_requests{status="404"}', 'users_started', 'messages_sent'];
    const text = summary(counting(names));
    assert.match(text, /orders +0\n/);
    assert.match(text, /rest_requests\{status="404"\} +1\n/);
    assert.doesNotMatch(text, /users_started|messages_sent|more/);
    assert.doesNotMatch(summary(counting(['users_started'])), /counter/);
  });

  it('counts those that it has no room for, and says what shows them', () => {
    const names = Array.from({ length: 24 }, (_, at) => `own_${at + 10}`);
    const text = summary(counting(names));
    assert.equal(text.match(/own_\d+/g)?.length, 12);
    assert.match(text, /and 12 more; amoc report talk-1 shows them/);
    const lost = summary({ ...counting(names), record: { kept: 'none', why: 'no room' } });
    assert.match(lost, /and 12 more\n/);
  });

  it('says what is kept of the run, and names no command that shows nothing', () => {
    assert.match(summary({ record: { kept: 'all' } }), /record {4}amoc report talk-1$/);
    const none = summary({ record: { kept: 'none', why: 'ENOSPC: no space left on device' } });
    assert.match(none, /record {4}the run was not recorded \(ENOSPC: no space left on device\)$/);
    assert.doesNotMatch(none, /amoc report/);
    const part = summary({ record: { kept: 'part', until: 1_800_000_000_500, why: 'EROFS' } });
    assert.match(part, /recorded in part, up to 2027-01-15T08:00:00Z \(EROFS\);/);
  });

  it('says what failed besides users, and how long the stop took', () => {
    const text = summary({ problems: ['teardown: no'], ranForMs: 12_000, stoppingForMs: 6000 });
    assert.match(text, /failed {4}teardown: no/);
    assert.match(text, /ran for 12 s, including 6 s to stop/);
  });
});
