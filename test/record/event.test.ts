import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventKinds, isCommand, isMark, toneOf } from '../../src/record/event.ts';
import type { EventKind } from '../../src/record/event.ts';
import { marksOf } from '../../src/report/timeline.ts';

const kinds = Object.keys(eventKinds) as EventKind[];

describe('kinds of events', () => {
  it('keep the names that records have', () => {
    for (const name of [
      ...['start', 'add', 'remove', 'stop', 'update', 'pause', 'resume', 'drain', 'undrain'],
      ...['node_lost', 'node_joined', 'saturated', 'threshold', 'notice', 'warning', 'error'],
    ]) {
      assert.ok(Object.hasOwn(eventKinds, name), name);
    }
  });

  it('are lines in charts, but for what is only said', () => {
    const events = kinds.map((kind) => ({ at: 1, kind, text: kind }));
    const left = kinds.filter((kind) => !marksOf(events).some((mark) => mark.kind === kind));
    assert.deepEqual(left, ['notice', 'warning', 'error']);
  });

  it('name the commands', () => {
    assert.ok(isCommand('start') && isCommand('undrain'));
    assert.ok(!isCommand('node_lost') && !isCommand('saturated'));
  });

  it('of a newer amoc are shown plainly, and are no lines', () => {
    for (const kind of ['eclipse', 'constructor'] as string[] as EventKind[]) {
      assert.equal(isMark({ kind }), false);
      assert.equal(toneOf(kind), 'plain');
    }
  });
});
