import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listCandidates } from '../../../src/console/terminal/candidate-list.ts';

describe('a list of candidates', () => {
  it('has the descriptions in a column', () => {
    const text = listCandidates(['add(', 'status()'], ['more users', 'the run'], 80);
    assert.equal(text, '  add(      more users\n  status()  the run\n');
  });

  it('is cut to the width of the terminal, and lets no text steer it', () => {
    const text = listCandidates(['a\u001B[2J', 'b'], ['x'.repeat(200), 'y\nz'], 40);
    const lines = text.trimEnd().split('\n');
    assert.equal(lines.length, 2);
    for (const line of lines) assert.ok(line.length <= 40 && !line.includes('\u001B'), line);
  });

  it('counts what it leaves out', () => {
    const names = Array.from({ length: 100 }, (_, at) => `name${at}`);
    assert.match(listCandidates(names, names, 80), /and 40 more\n$/);
  });
});
