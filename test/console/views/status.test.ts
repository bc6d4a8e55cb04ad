import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderEvents } from '../../../src/console/views/events-view.ts';
import { paintFor } from '../../../src/console/views/paint.ts';
import { renderStatus } from '../../../src/console/views/render.ts';
import type { StatusView } from '../../../src/control/views.ts';
import type { EventKind } from '../../../src/record/event.ts';
import { eventKinds } from '../../../src/record/event.ts';

const paint = paintFor(false);
const users = {
  ...{ starting: 0, running: 4, waiting: 0, leaving: 0, finished: 0, removed: 0 },
  ...{ crashed: 0, lost: 0, moving: 0, away: 0 },
};
const status: StatusView = {
  ...{ state: 'running', scenario: 'talk', run: 'talk-1', present: 4, users, nodes: [] },
  startRate: { wanted: 20, achieved: 20 },
  headlines: [],
  messages: { sent: 0, received: 0, perSecond: 0 },
};

describe('status()', () => {
  it('shows how each threshold does, and the last window of those that have one', () => {
    const text = renderStatus(
      {
        ...status,
        verdicts: [
          {
            ...{ threshold: 'errors < 1%', passed: true, value: 0, limit: 1, unit: '%' },
          },
          {
            ...{ threshold: 'iq p99 over 30s < 200ms', passed: false, value: 340, limit: 200 },
            unit: 'ms',
            window: { overMs: 30_000, judged: 290, missed: 12, last: 90 },
          },
        ],
      },
      paint,
    );
    const lines = text.split('\n').filter((line) => line.includes('threshold'));
    assert.equal(lines.length, 2);
    assert.match(lines[1]!, /340 ms.*12 of 290 s; now 90 ms/);
    assert.doesNotMatch(renderStatus(status, paint), /threshold/);
  });
});

describe('events()', () => {
  it('has the texts of all kinds in one column', () => {
    const kinds = Object.keys(eventKinds) as EventKind[];
    const lines = renderEvents(
      kinds.map((kind) => ({ at: 0, kind, text: 'TEXT' })),
      paint,
    ).split('\n');
    assert.equal(new Set(lines.map((line) => line.indexOf('TEXT'))).size, 1);
    assert.equal(lines.length, kinds.length);
  });
});
