import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderJUnit } from '../../src/record/junit.ts';
import { judgeRun } from '../../src/record/outcome.ts';
import { makeResult } from '../support/results.ts';

const verdict = {
  ...{ threshold: 'errors < 50%', passed: true, value: 0, limit: 50 },
  unit: '%' as const,
};

describe('a run in which something besides users failed', () => {
  it('has failed, and says what it was', () => {
    const { outcome, code, reasons } = judgeRun(
      makeResult({ problems: ['teardown: the room still exists', 'terminate on local/1: no end'] }),
    );
    assert.deepEqual([outcome, code], ['failed', 1]);
    assert.deepEqual(reasons, [
      'the run failed: teardown: the room still exists',
      'the run failed: terminate on local/1: no end',
    ]);
  });

  it('has failed whatever a threshold allows of users', () => {
    const users = { finished: 1, removed: 0, crashed: 1, lost: 0 };
    assert.equal(judgeRun(makeResult({ users, verdicts: [verdict] })).code, 0);
    const result = makeResult({ users, verdicts: [verdict], problems: ['teardown: it hangs'] });
    assert.deepEqual(judgeRun(result).reasons, ['the run failed: teardown: it hangs']);
  });

  it('has a failure in JUnit with all of it', () => {
    const users = { finished: 0, removed: 0, crashed: 2, lost: 0 };
    const xml = renderJUnit(makeResult({ users, problems: ['teardown: <gone>'] }));
    assert.match(xml, /failures="1"/);
    assert.match(xml, /message="the run failed: teardown: &lt;gone&gt;; 2 users crashed"/);
  });

  it('is as before when nothing failed', () => {
    assert.equal(judgeRun(makeResult()).outcome, 'passed');
    assert.match(renderJUnit(makeResult()), /failures="0"/);
  });
});
