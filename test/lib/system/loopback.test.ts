import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLoopback } from '../../../src/lib/system/loopback.ts';

describe('loopback', () => {
  const ours = 'localhost LOCALHOST localhost. 127.0.0.1 127.1.2.3 ::1 [::1] 0:0:0:0:0:0:0:1';
  for (const host of [...ours.split(' '), '::ffff:127.0.0.1', '[::ffff:7f00:1]']) {
    it(`is ${host}`, () => assert.equal(isLoopback(host), true));
  }

  const others = '0.0.0.0 :: [::] 10.0.0.1 128.0.0.1 127.0.0.1.example.org 127.999.1.1 127.1';
  const names = 'localhost.example.org mylocalhost example.org ::ffff:10.0.0.1 fe80::1';
  for (const host of [...others.split(' '), ...names.split(' '), '']) {
    it(`is not '${host}'`, () => assert.equal(isLoopback(host), false));
  }
});
