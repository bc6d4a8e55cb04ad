import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findCacheFolder } from '../../src/scenario/cache-folder.ts';
import { Project } from '../support/project.ts';

/** Calls with an environment, and puts the old one back. */
function within<T>(environment: Record<string, string | undefined>, work: () => T): T {
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);
  const put = (name: string, value: string | undefined): void => {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(environment)) put(name, value);
  try {
    return work();
  } finally {
    for (const [name, value] of before) put(name, value);
  }
}

describe('the folder of cached code', () => {
  it('is in XDG_CACHE_HOME, or in HOME', () => {
    using project = new Project();
    const { folder: xdg } = project;
    const home = join(xdg, 'home');
    const inXdg = within({ XDG_CACHE_HOME: xdg }, () => findCacheFolder('scenarios'));
    assert.deepEqual(inXdg, { folder: join(xdg, 'amoc/scenarios'), fault: undefined });
    assert.equal(statSync(inXdg.folder).mode & 0o777, 0o700);
    for (const unset of [undefined, '', 'relative']) {
      const inHome = within({ XDG_CACHE_HOME: unset, HOME: home }, () =>
        findCacheFolder('scenarios'),
      );
      assert.deepEqual(inHome, { folder: join(home, '.cache/amoc/scenarios'), fault: undefined });
    }
  });

  it('is in the temporary folder when HOME is of no use, and says why', () => {
    using project = new Project();
    const open = join(project.folder, 'open');
    mkdirSync(join(open, '.cache'), { recursive: true });
    chmodSync(open, 0o777);
    const file = project.write('file', '');
    for (const [HOME, why] of [
      ['/dev/null', /\/dev\/null is not a folder/],
      [file, /is not a folder/],
      ['/proc/none', /cannot be made/],
      [open, /open can be written to by others; run: chmod go-w /],
    ] as const) {
      const tmp = join(project.folder, 'tmp');
      mkdirSync(tmp, { recursive: true });
      const { folder, fault } = within({ XDG_CACHE_HOME: undefined, HOME, TMPDIR: tmp }, () =>
        findCacheFolder('scenarios'),
      );
      assert.match(folder, /tmp\/amoc-[^/]+\/scenarios$/);
      assert.match(fault!, why);
    }
  });

  it('is refused with a way out when nothing can be written', () => {
    assert.throws(
      () =>
        within({ XDG_CACHE_HOME: undefined, HOME: '/dev/null', TMPDIR: '/proc/none' }, () =>
          findCacheFolder('scenarios'),
        ),
      {
        code: 'FILE',
        message:
          /^there is no folder to keep compiled scenarios in: .*; set XDG_CACHE_HOME to a folder of your own$/,
      },
    );
    assert.throws(
      () => within({ XDG_CACHE_HOME: '/dev/null' }, () => findCacheFolder('compiled')),
      { code: 'FILE', message: /; set XDG_CACHE_HOME to another folder$/ },
    );
  });

  it('is not one whose place another user could give to another folder', () => {
    using project = new Project();
    const xdg = join(project.folder, 'a', 'xdg');
    mkdirSync(xdg, { recursive: true });
    const find = () => within({ XDG_CACHE_HOME: xdg }, () => findCacheFolder('scenarios'));
    chmodSync(join(project.folder, 'a'), 0o777);
    assert.throws(find, {
      message: /\/a can be written to by others; run: chmod go-w .*\/a, or set XDG_CACHE_HOME/,
    });
    chmodSync(join(project.folder, 'a'), 0o1777);
    assert.equal(find().folder, join(xdg, 'amoc/scenarios'));
    // The way that a link leads counts as well.
    const link = join(project.folder, 'link');
    symlinkSync(xdg, link);
    const byLink = () => within({ XDG_CACHE_HOME: link }, () => findCacheFolder('scenarios'));
    assert.equal(byLink().folder, join(link, 'amoc/scenarios'));
    chmodSync(join(project.folder, 'a'), 0o777);
    assert.throws(byLink, { message: /\/a can be written to by others/ });
  });
});

describe('amoc without a home that can be written', () => {
  it('runs, and the doctor says where its cache is', async () => {
    using project = new Project({ sleeper: true });
    const env = { HOME: '/dev/null', AMOC_COOKIE: 'x'.repeat(32), AMOC_LOCAL_PROCESSES: '1' };
    const ran = await project.amoc(['run', 'sleeper', '1', '1', '--for', '200ms'], { env });
    assert.equal(ran.code, 0, ran.err);
    const { out } = await project.amoc(['doctor', '--users', '1'], { env });
    assert.match(
      out,
      / ok {2}cache: .*\/amoc-[^/]+\/scenarios, because \/dev\/null is not a folder; remove it\n +XDG_CACHE_HOME can name another folder/,
    );
  });
});
