import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bracketed } from '../../../src/lib/text/bracketed.ts';

describe('a host before a port', () => {
  for (const [host, expected] of [
    ['::1', '[::1]'],
    ['127.0.0.1', '127.0.0.1'],
    ['example.org', 'example.org'],
  ] as const) {
    it(`is ${expected}`, () => assert.equal(bracketed(host), expected));
  }
});
