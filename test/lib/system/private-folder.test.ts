import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { demandPrivateFolder } from '../../../src/lib/system/private-folder.ts';
import { Project } from '../../support/project.ts';

const isRoot = process.getuid?.() === 0;

describe('demandPrivateFolder', () => {
  it('makes the folder for its user alone', () => {
    using project = new Project();
    const folder = join(project.folder, 'a/b');
    demandPrivateFolder(folder, { isSecret: true });
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    demandPrivateFolder(folder, { isSecret: true });
  });

  it('refuses one that others can write to, or enter when it is secret', () => {
    using project = new Project();
    const folder = join(project.folder, 'a');
    mkdirSync(folder);
    for (const mode of [0o777, 0o1777, 0o775, 0o722]) {
      chmodSync(folder, mode);
      assert.throws(() => demandPrivateFolder(folder), {
        code: 'FILE',
        message: /a can be written to by others; run: chmod go-w /,
      });
    }
    chmodSync(folder, 0o755);
    demandPrivateFolder(folder);
    assert.throws(() => demandPrivateFolder(folder, { isSecret: true }), {
      message: /a can be entered by others; run: chmod 700 /,
    });
  });

  it('makes nothing below a folder that others can write to', () => {
    using project = new Project();
    const above = join(project.folder, 'a');
    mkdirSync(above);
    chmodSync(above, 0o777);
    assert.throws(() => demandPrivateFolder(join(above, 'b/c')), /a can be written to by others/);
    assert.ok(!existsSync(join(above, 'b')));
    symlinkSync(above, join(project.folder, 'link'));
    assert.throws(() => demandPrivateFolder(join(project.folder, 'link/b')), /by others/);
    assert.ok(!existsSync(join(above, 'b')));
  });

  it('ends at links that lead round in a ring, and at files', () => {
    using project = new Project();
    const ring = join(project.folder, 'ring');
    symlinkSync(ring, ring);
    assert.throws(() => demandPrivateFolder(ring), /through too many links/);
    const file = project.write('file', '');
    assert.throws(() => demandPrivateFolder(join(file, 'a')), /file is not a folder; remove it/);
  });

  it('refuses a way that belongs to another user', { skip: !isRoot && 'needs root' }, () => {
    using project = new Project();
    const theirs = join(project.folder, 'theirs');
    mkdirSync(join(theirs, 'mine'), { recursive: true, mode: 0o700 });
    for (const mode of [0o755, 0o1777]) {
      chownSync(theirs, 12_345, 12_345);
      chmodSync(theirs, mode);
      assert.throws(() => demandPrivateFolder(join(theirs, 'mine')), {
        code: 'FILE',
        message: /theirs belongs to another user \(uid 12345\); this is root$/,
      });
    }
  });

  it('takes the group of the user alone for the user', { skip: !isRoot && 'needs root' }, () => {
    using project = new Project();
    const shared = join(project.folder, 'shared');
    mkdirSync(join(shared, 'mine'), { recursive: true, mode: 0o700 });
    chmodSync(shared, 0o775);
    demandPrivateFolder(join(shared, 'mine'));
    chownSync(shared, 0, 12_345);
    assert.throws(() => demandPrivateFolder(join(shared, 'mine')), /shared can be written to/);
  });
});
