import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ShippedRecord } from '../../src/protocol/messages.ts';
import { slaveMessage } from '../../src/protocol/messages.ts';
import { LogShipper } from '../../src/slave/log-shipper.ts';
import { scenarioLine } from '../../src/slave/scenario-log.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('LogShipper', () => {
  const setUp = (): {
    clock: FakeClock;
    logs: LogShipper;
    batches: [ShippedRecord[], number][];
  } => {
    const clock = new FakeClock();
    const batches: [ShippedRecord[], number][] = [];
    const logs = new LogShipper('info', clock, (records, dropped) => {
      batches.push([records, dropped]);
      return true;
    });
    return { clock, logs, batches };
  };

  it('sends only what the wire takes, and counts the rest', async () => {
    const { clock, logs, batches } = setUp();
    const { msg, ...fields } = scenarioLine('odd', {
      time: 'x',
      level: 'y',
      deep: [[[[[[[[1]]]]]]]],
    });
    logs.logger.info(fields, msg);
    logs.logger.info({ user: -1 }, 'a user that cannot be');
    await clock.advance(100);
    const [[records, dropped] = [[], 0]] = batches;
    assert.deepEqual([records.length, dropped], [1, 1]);
    assert.deepEqual(records[0]?.fields, {
      time: 'x',
      level: 'y',
      deep: [[[[['[too deep]']]]]],
    });
    assert.ok(slaveMessage.safeParse({ type: 'logs', records, dropped }).success);
  });

  it('says how late a line is that waited for a way to the master', async () => {
    const clock = new FakeClock();
    const shipped: ShippedRecord[] = [];
    let isConnected = false;
    const logs = new LogShipper('info', clock, (records) => {
      if (isConnected) shipped.push(...records);
      return isConnected;
    });
    logs.logger.info('while it was cut off');
    await clock.advance(3000);
    logs.logger.info('just now');
    isConnected = true;
    await clock.advance(100);
    assert.deepEqual(
      shipped.map(({ msg, lateMs }) => [msg, lateMs === undefined ? 0 : Math.round(lateMs / 1000)]),
      [
        ['while it was cut off', 3],
        ['just now', 0],
      ],
    );
    assert.ok(slaveMessage.safeParse({ type: 'logs', records: shipped, dropped: 0 }).success);
  });

  it('keeps a batch far below what a frame takes', async () => {
    const { clock, logs, batches } = setUp();
    for (let at = 0; at < 1500; at++)
      logs.logger.info({ fields: { x: 'y'.repeat(4000) } }, 'z'.repeat(8000));
    await clock.advance(100);
    const [[records, dropped] = [[], 0]] = batches;
    assert.equal(records.length + dropped, 1500);
    assert.ok(records.length > 300 && JSON.stringify(records).length < 5 * 1024 * 1024);
    logs.logger.info('room again');
    await clock.advance(100);
    assert.equal(batches.at(-1)?.[0].length, 1);
  });
});
