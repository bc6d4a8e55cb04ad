import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { scenarioLine } from '../../src/slave/scenario-log.ts';

describe('a line that a scenario logs', () => {
  it('has its fields under a key of their own', () => {
    assert.deepEqual(scenarioLine('order', { time: '12:00', level: 3, node: 7 }), {
      msg: 'order',
      fields: { time: '12:00', level: 3, node: 7 },
    });
    assert.deepEqual(scenarioLine('plain'), { msg: 'plain' });
    assert.deepEqual(scenarioLine('nothing', {}), { msg: 'nothing' });
  });

  it('may come as other loggers take it', () => {
    assert.deepEqual(scenarioLine({ a: 1 }, 'text'), { msg: 'text', fields: { a: 1 } });
    assert.deepEqual(scenarioLine({ a: 1 }), { msg: '{"a":1}' });
    assert.deepEqual(scenarioLine(5), { msg: '5' });
    assert.deepEqual(scenarioLine(undefined), { msg: 'undefined' });
    assert.deepEqual(scenarioLine(new Error('boom')), { msg: 'boom' });
    assert.deepEqual(scenarioLine('five', 5), { msg: 'five', fields: { value: 5 } });
  });

  it('is a text of bounded length and fields that JSON can say, whatever was given', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (message, fields) => {
        const line = scenarioLine(message, fields);
        assert.equal(typeof line.msg, 'string');
        assert.ok(line.msg.length <= 8100);
        assert.doesNotThrow(() => JSON.stringify(line));
      }),
    );
    assert.match(scenarioLine('x'.repeat(1e6)).msg, /^x{8000}… \(992000 more characters\)$/);
  });
});
