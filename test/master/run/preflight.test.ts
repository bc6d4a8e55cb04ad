import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkLimits } from '../../../src/master/run/preflight.ts';

const on = (name: string, users: number, limits: { openFiles?: number; localPorts?: number }) => ({
  info: { name, host: 'here', ...limits },
  users,
});

describe('checkLimits', () => {
  it('names the wall at 1,012 users, and the command that moves it', () => {
    assert.throws(() => checkLimits([on('local/1', 1013, { openFiles: 1024 })], 1), {
      code: 'PREFLIGHT',
      message:
        /local\/1 would need 1077 open files for 1013 users, but its limit is 1024; raise the limit .*: ulimit -n 1077,/,
    });
  });
  it('adds up the ports of all processes of a host', () => {
    const plan = [
      on('local/1', 15_000, { localPorts: 28_232 }),
      on('local/2', 15_000, { localPorts: 28_232 }),
    ];
    assert.throws(() => checkLimits(plan, 1), {
      message: /needs? 30000 local ports.*has only 28232.*sysctl -w/s,
    });
    checkLimits(plan, 0.5);
  });
  it('lets users without connections pass', () => {
    checkLimits([on('local/1', 1_000_000, { openFiles: 1024, localPorts: 10 })], 0);
  });
  it('does not guess limits that are not known', () => {
    checkLimits([on('local/1', 1_000_000, {})], 1);
  });
});
