import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { NodeFolder } from '../../src/attach/node-folder.ts';

describe("a node's folder", () => {
  const home = mkdtempSync(join(tmpdir(), 'amoc-home-'));
  after(() => rmSync(home, { recursive: true, force: true }));

  it('is made for its owner alone, and twice is once', () => {
    const folder = new NodeFolder('fresh', join(home, 'deep', 'er'));
    folder.prepare();
    folder.prepare();
    for (const path of [folder.path, join(folder.path, 'log')]) {
      assert.equal(statSync(path).mode & 0o777, 0o700);
    }
  });

  it('has nothing made in it before it is checked', () => {
    const target = join(home, 'target');
    mkdirSync(target, { mode: 0o700 });
    symlinkSync(target, join(home, 'linked'));
    assert.throws(() => new NodeFolder('linked', home).prepare(), /is not a folder; remove it/);
    assert.deepEqual(readdirSync(target), []);

    const open = join(home, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    assert.throws(() => new NodeFolder('open', home).prepare(), /run: chmod 700/);
    assert.equal(existsSync(join(open, 'log')), false);
  });

  it('is refused where others can put another one in its place, and nothing is made there', () => {
    const shared = join(home, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o777);
    for (const path of [shared, join(shared, 'below')]) {
      const folder = new NodeFolder('amoc', path);
      assert.throws(() => folder.prepare(), {
        code: 'FILE',
        message: `${shared} can be written to by others; run: chmod go-w ${shared}`,
      });
    }
    assert.deepEqual(readdirSync(shared), []);
    chmodSync(shared, 0o755);
    const folder = new NodeFolder('amoc', shared);
    folder.prepare();
    folder.check();
    // Opened afterwards: an attach believes nothing that is there.
    chmodSync(shared, 0o777);
    assert.throws(() => folder.check(), /shared can be written to by others/);
  });
});
