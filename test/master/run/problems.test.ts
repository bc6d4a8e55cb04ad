import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Problems } from '../../../src/master/run/problems.ts';

describe('problems of a run', () => {
  it('are kept up to a number, and counted beyond it', () => {
    const problems = new Problems();
    for (let at = 1; at <= 1000; at++) problems.note(`slave${at}/1 joined, but cannot take users`);
    const list = problems.list();
    assert.equal(list.length, 21);
    assert.equal(list[0], 'slave1/1 joined, but cannot take users');
    assert.equal(list[20], '980 more problems of this kind');
  });

  it('name the processes of one that is known also beyond the number', () => {
    const problems = new Problems();
    problems.noteOn('b/1', 'terminate', 'boom');
    for (let at = 1; at <= 100; at++) problems.noteOn('a/1', 'terminate', `reason ${at}`);
    problems.noteOn('a/1', 'terminate', 'boom');
    assert.equal(problems.list()[0], 'terminate on a/1, b/1: boom');
    assert.equal(problems.list().at(-1), '81 more problems of this kind');
  });
});
