import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { History } from '../../../src/console/terminal/history.ts';

const folder = mkdtempSync(join(tmpdir(), 'amoc-history-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newPath = (): string => join(folder, `dir-${files++}`, 'console.history');

describe('history', () => {
  it('is there in the next session, the newest line first, private', () => {
    const path = newPath();
    const first = new History(path);
    assert.deepEqual(first.load(), []);
    for (const line of ['a', 'b', 'b', '', ' secret', 'c']) first.add(line);
    assert.deepEqual(new History(path).load(), ['c', 'b', 'a']);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('loses nothing of two consoles at once', () => {
    const path = newPath();
    const [one, two] = [new History(path), new History(path)];
    one.load();
    two.load();
    for (let line = 0; line < 50; line++) {
      one.add(`one ${line}`);
      two.add(`two ${line}`);
    }
    assert.equal(new History(path).load().length, 100);
  });

  it('is bounded', () => {
    const path = newPath();
    new History(path).load();
    writeFileSync(path, Array.from({ length: 5000 }, (_, line) => `line ${line}\n`).join(''));
    const lines = new History(path).load();
    assert.equal(lines.length, 1000);
    assert.equal(lines[0], 'line 4999');
    assert.equal(readFileSync(path, 'utf8').split('\n').length, 1001);
  });

  it('goes without when the file cannot be had, and says why', () => {
    const path = newPath();
    mkdirSync(path, { recursive: true });
    const history = new History(path);
    assert.deepEqual(history.load(), []);
    assert.match(history.problem ?? '', /history is not saved: EISDIR/);
    history.add('x');
  });

  it('survives a file that becomes unwritable', () => {
    const path = newPath();
    const history = new History(path);
    history.load();
    rmSync(path);
    mkdirSync(path);
    history.add('x');
    assert.match(history.problem ?? '', /history is no longer saved/);
    chmodSync(path, 0o700);
  });
});
