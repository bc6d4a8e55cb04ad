import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ROOT } from '../support/root.ts';

describe('what proves the machines of a fleet to each other', () => {
  const folder = mkdtempSync(join(tmpdir(), 'amoc-secrets-'));
  after(() => rmSync(folder, { recursive: true }));
  const [hosts, cookie, tls] = ['hosts', 'cookie', 'tls'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const shipped = readFileSync(join(ROOT, 'hosts'), 'utf8');

  const make = (address: string): { code: number | null; out: string; err: string } => {
    writeFileSync(hosts, shipped.replace(/^master_address=.*$/m, `master_address=${address}`));
    const script = join(ROOT, 'dist', 'deploy', 'secrets.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, hosts, cookie, tls], {
      encoding: 'utf8',
    });
    return { code: status, out: stdout, err: stderr };
  };
  const files = (): string[] =>
    [cookie, ...readdirSync(tls).map((name) => join(tls, name))].map((path) => {
      const { mode, mtimeMs } = statSync(path);
      return `${path} ${(mode & 0o777).toString(8)} ${mtimeMs} ${readFileSync(path, 'utf8')}`;
    });

  it('is made once, for their owner alone, and stays as it is at the next deployment', () => {
    const first = make('10.0.0.1');
    assert.equal(first.code, 0, first.err);
    const before = files();
    for (const file of before) assert.match(file, /^\S+ 600 /);
    assert.equal(first.out.includes(readFileSync(cookie, 'utf8').trim()), false);
    assert.equal(make('10.0.0.1').code, 0);
    assert.deepEqual(files(), before);
  });

  it('has a certificate for the address of the master, also when that changes, of the same CA', () => {
    const read = (name: string): X509Certificate =>
      new X509Certificate(readFileSync(join(tls, name)));
    const ca = read('ca.pem').fingerprint256;
    assert.ok(read('master.pem').checkIP('10.0.0.1'));
    assert.equal(make('master.lab.internal').code, 0);
    assert.ok(read('master.pem').checkHost('master.lab.internal'));
    assert.equal(read('ca.pem').fingerprint256, ca);
  });

  it('is refused in a sentence when it is damaged', () => {
    writeFileSync(cookie, '');
    const { code, err } = make('10.0.0.1');
    assert.equal(code, 2);
    assert.match(err, /cookie has 0 characters, but a cookie needs at least 32; run: rm /);
    assert.doesNotMatch(err, /\n {4}at /);
  });
});
