import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EndSignals, endSignals, untilSignal } from '../../src/app/signals.ts';

/** Calls the handlers of a signal as the signal would, without its default effect. */
function raise(signal: NodeJS.Signals): void {
  process.emit(signal, signal);
}

describe('the signals that end a program', () => {
  it('end it gently the first time, and at once the second time, whatever the signals', async () => {
    const signals = new EndSignals();
    assert.deepEqual([signals.first.aborted, signals.second.aborted], [false, false]);
    raise('SIGHUP');
    assert.deepEqual([signals.first.aborted, signals.second.aborted], [true, false]);
    raise('SIGTERM');
    assert.deepEqual([signals.first.aborted, signals.second.aborted], [true, true]);
    assert.equal(await signals.told, 'SIGHUP');
  });

  it('have no effect where they are ignored', () => {
    const signals = new EndSignals({ ignored: ['SIGINT', 'SIGHUP'] });
    raise('SIGINT');
    raise('SIGHUP');
    assert.equal(signals.first.aborted, false);
    raise('SIGTERM');
    assert.equal(signals.first.aborted, true);
  });

  it('are not handled any more once one of them has been waited for', async () => {
    const before = endSignals.map((signal) => process.listenerCount(signal));
    const told = untilSignal(...endSignals);
    raise('SIGINT');
    assert.equal(await told, 'SIGINT');
    assert.deepEqual(
      endSignals.map((signal) => process.listenerCount(signal)),
      before,
    );
  });
});
