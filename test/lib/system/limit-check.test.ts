import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkFiles, checkPorts } from '../../../src/lib/system/limit-check.ts';

describe('limits of the system', () => {
  it('leave a process some files of its own', () => {
    const [fits, exceeds] = [checkFiles(960, 1024), checkFiles(960.5, 1024)];
    assert.deepEqual([fits.needed, fits.isEnough], [1024, true]);
    assert.deepEqual([exceeds.needed, exceeds.isEnough], [1025, false]);
    assert.match(exceeds.remedy, /ulimit -n 1025\b/);
  });

  it('give a machine one port for each connection', () => {
    assert.deepEqual(
      [28_232, 28_233].map((users) => checkPorts(users, 28_232).isEnough),
      [true, false],
    );
    assert.match(checkPorts(1, 0).remedy, /sysctl -w net\.ipv4\.ip_local_port_range/);
  });

  it('suffice where they are not known', () => {
    assert.deepEqual(
      [checkFiles(1e6, undefined).isEnough, checkPorts(1e6, undefined).isEnough],
      [true, true],
    );
  });
});
