import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { cookieOf, demandCookie, newCookie, readCookie } from '../../src/protocol/cookie.ts';
import { ROOT } from '../support/root.ts';

const COOKIE = 'c0ffee'.repeat(6);
const isRoot = process.getuid?.() === 0;
const run = promisify(execFile);

/** A program that waits for a moment and then reads the cookie of a file. */
const reader = `
import { cookieOf } from ${JSON.stringify(join(ROOT, 'dist/src/protocol/cookie.js'))};
const [path, at] = process.argv.slice(1);
while (Date.now() < Number(at));
process.stdout.write(cookieOf(path));
`;

describe('the cookie', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'amoc-cookie-'));
    file = join(folder, '.amoc.cookie');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (text: string | Buffer, mode = 0o600): void => {
    writeFileSync(file, text);
    chmodSync(file, mode);
  };
  const refused = (pattern: RegExp): void => {
    assert.throws(() => cookieOf(file), { name: 'AmocError', code: 'FILE', message: pattern });
  };

  it('is made at first use, for its owner alone, whatever the umask', () => {
    const before = process.umask(0o777);
    try {
      assert.match(cookieOf(file), /^[0-9a-f]{64}$/);
    } finally {
      process.umask(before);
    }
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(cookieOf(file), readFileSync(file, 'utf8').trim());
    assert.deepEqual(readdirSync(folder), ['.amoc.cookie']);
  });

  it('is one for processes that start for the first time at once', async () => {
    for (let round = 0; round < 3; round++) {
      const at = String(Date.now() + 1000);
      const read = Array.from({ length: 4 }, () =>
        run(process.execPath, ['--input-type=module', '--eval', reader, file, at]),
      );
      const cookies = new Set((await Promise.all(read)).map(({ stdout }) => stdout));
      assert.deepEqual([...cookies], [readFileSync(file, 'utf8').trim()]);
      assert.deepEqual(readdirSync(folder), ['.amoc.cookie']);
      rmSync(file);
    }
  });

  it('leaves nothing where a disk is full', { skip: !isRoot && 'mounting needs root' }, (test) => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', disk]);
    if (status !== 0) {
      test.skip('nothing can be mounted here');
      return;
    }
    try {
      writeFileSync(join(disk, 'full'), Buffer.alloc(8192));
      const path = join(disk, '.amoc.cookie');
      assert.throws(() => cookieOf(path), /cookie cannot be made: ENOSPC.*; set AMOC_COOKIE/);
      assert.deepEqual(readdirSync(disk), ['full']);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  for (const [what, text, length] of [
    ['an empty one', '', 0],
    ['white space', ' \n\n', 0],
    ['a byte order mark alone', '\ufeff', 0],
    ['a short one', 'abc\n', 3],
    ['one that is a character short', `${'x'.repeat(31)}\n`, 31],
  ] as const) {
    it(`is refused when the file has ${what}, with how to make another`, () => {
      write(text);
      refused(
        new RegExp(
          `\\.amoc\\.cookie has ${length} characters, but a cookie needs at least 32; run: rm .*\\.amoc\\.cookie \\(the next start makes a new one`,
        ),
      );
      rmSync(file);
      assert.equal(cookieOf(file).length, 64);
    });
  }

  it('is the same with a byte order mark, line ends and white space around it', () => {
    for (const text of [COOKIE, `${COOKIE}\n`, `${COOKIE}\r\n`, `\ufeff ${COOKIE}\n\n`]) {
      write(text);
      assert.equal(cookieOf(file), COOKIE);
      assert.equal(readCookie({ AMOC_COOKIE: text }), COOKIE);
    }
  });

  it('is refused when the file has more than a cookie, without reading all of it', () => {
    write(`${COOKIE}\n${COOKIE}\n`);
    refused(/is not one line of text/);
    write(Buffer.from(`\ufeff${COOKIE}`, 'utf16le'));
    refused(/is not one line of text/);
    write('x'.repeat(10_000_000));
    refused(/has more than 4096 characters/);
  });

  it('is refused when others can read the file', () => {
    for (const mode of [0o640, 0o604, 0o602, 0o610]) {
      write(COOKIE, mode);
      refused(/can be read by others; run: chmod 600 /);
    }
  });

  it('is refused from what is not a file, without waiting for it', () => {
    mkdirSync(file);
    refused(/is not a file; remove it/);
    rmSync(file, { recursive: true });
    execFileSync('mkfifo', ['-m', '600', file]);
    refused(/is not a file; remove it/);
    rmSync(file);
    symlinkSync('/dev/zero', file);
    refused(/is not a file; remove it/);
    rmSync(file);
    symlinkSync(join(folder, 'nowhere'), file);
    refused(/is a symbolic link to a file that does not exist; run: rm /);
  });

  it(
    'is refused from the file of another user, also behind a symbolic link',
    { skip: !isRoot && 'giving a file away needs root' },
    () => {
      write(COOKIE);
      chownSync(file, 12_345, 12_345);
      refused(/belongs to another user \(uid 12345\); this is root/);
      const target = join(folder, 'target');
      writeFileSync(target, COOKIE, { mode: 0o600 });
      rmSync(file);
      symlinkSync(target, file);
      assert.equal(cookieOf(file), COOKIE);
      chownSync(target, 12_345, 12_345);
      refused(/belongs to another user/);
    },
  );

  it('has 32 characters or more wherever it comes from', () => {
    const own = 'AMOC_COOKIE (of the environment, or of the file that AMOC_CONFIG names)';
    for (const [given, length] of [
      ['short', '5 characters'],
      ['x', '1 character'],
      ['  ', '0 characters'],
      ['x'.repeat(31), '31 characters'],
    ] as const) {
      assert.throws(
        () => readCookie({ AMOC_COOKIE: given }),
        ({ code, message }: { code: string; message: string }) =>
          code === 'CONFIG' && message.startsWith(`${own} has ${length}, but a cookie`),
      );
      assert.throws(() => demandCookie(given), { code: 'CONFIG' });
    }
    assert.equal(readCookie({ AMOC_COOKIE: 'x'.repeat(32) }), 'x'.repeat(32));
    demandCookie(newCookie());
  });
});
