import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { makeCertificates } from '../../src/cli/certs.ts';
import type { ControlTls } from '../../src/protocol/control-tls.ts';
import { dialMaster, listenForSlaves } from '../../src/protocol/websocket-transport.ts';
import { eventually } from '../support/eventually.ts';
import { Project } from '../support/project.ts';

const DAY_MS = 24 * 3600 * 1000;

describe('amoc certs', () => {
  let home: string;
  let out: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'amoc-certs-'));
    out = join(home, 'tls');
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const file = (name: string): string => join(out, name);
  const text = (name: string): string => readFileSync(file(name), 'utf8');
  const certificate = (name: string): X509Certificate => new X509Certificate(text(`${name}.pem`));
  const tls = (name: string): ControlTls => ({
    ca: file('ca.pem'),
    cert: file(`${name}.pem`),
    key: file(`${name}.key`),
  });
  const days = ({ validTo }: X509Certificate): number =>
    (Date.parse(validTo) - Date.now()) / DAY_MS;

  /** What a master says to a slave over a WebSocket with TLS. */
  const dial = async (
    master: ControlTls,
    slave: ControlTls,
    name = '127.0.0.1',
  ): Promise<string> => {
    await using listener = await listenForSlaves(
      { host: '127.0.0.1', port: 0 },
      (transport) => transport.send('hello'),
      { tls: master },
    );
    const transport = await dialMaster(`wss://${name}:${listener.port}`, slave);
    return await transport.nextFrame();
  };

  it('makes a CA and a certificate that a slave with the CA takes, and no other slave', async () => {
    const said = await makeCertificates({ out });
    const master = { ...tls('master'), ca: undefined };
    assert.equal(await dial(master, { ca: file('ca.pem') }), 'hello');
    assert.equal(await dial(master, { ca: file('ca.pem') }, 'localhost'), 'hello');
    await assert.rejects(dial(master, {}), /certificate/);
    const other = join(home, 'other');
    await makeCertificates({ out: other });
    await assert.rejects(dial(master, { ca: join(other, 'ca.pem') }), /certificate/);
    assert.match(
      said,
      new RegExp(`AMOC_TLS_CERT=${file('master.pem')} AMOC_TLS_KEY=${file('master.key')}`),
    );
    assert.match(said, /AMOC_TLS_CA=ca\.pem\n {2}amoc slave --master wss:/);
    assert.deepEqual(readdirSync(out).sort(), ['ca.key', 'ca.pem', 'master.key', 'master.pem']);
  });

  it('keeps its files to their owner, and the keys are of P-256', async () => {
    const before = process.umask(0);
    try {
      await makeCertificates({ out, slave: ['slave1'] });
    } finally {
      process.umask(before);
    }
    assert.equal(statSync(out).mode & 0o777, 0o700);
    for (const name of readdirSync(out)) {
      assert.equal(statSync(file(name)).mode & 0o777, 0o600, name);
    }
    for (const name of ['ca', 'master', 'slave1']) {
      const { publicKey } = certificate(name);
      assert.equal(publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    }
    const [ca, master] = [certificate('ca'), certificate('master')];
    assert.deepEqual([ca.ca, master.ca], [true, false]);
    assert.ok(Math.abs(days(ca) - 3650) < 1, `${days(ca)}`);
    assert.ok(Math.abs(days(master) - 825) < 1, `${days(master)}`);
  });

  it('names the machine and loopback, or what --host says', async () => {
    await makeCertificates({ out });
    for (const name of [hostname(), 'localhost']) assert.ok(certificate('master').checkHost(name));
    for (const address of ['127.0.0.1', '::1']) assert.ok(certificate('master').checkIP(address));
    await makeCertificates({ out, host: ['Master.example.org', '10.0.0.1', '[2001:db8::1]'] });
    const named = certificate('master');
    assert.ok(named.checkHost('master.example.org') && named.checkIP('10.0.0.1'));
    assert.ok(named.checkIP('2001:db8::1'));
    assert.equal(named.checkIP('10.0.0.2'), undefined);
    const wrong = dial({ ...tls('master'), ca: undefined }, { ca: file('ca.pem') }, '127.0.0.2');
    await assert.rejects(wrong, /127\.0\.0\.2|ECONNREFUSED/);
  });

  it('keeps its CA and the names, and makes another certificate, when it is run again', async () => {
    await makeCertificates({ out, host: ['master.example.org'] });
    const [ca, key, first] = [text('ca.pem'), text('ca.key'), text('master.pem')];
    const said = await makeCertificates({ out });
    assert.match(said, /^The CA is unchanged: /);
    assert.deepEqual([text('ca.pem'), text('ca.key')], [ca, key]);
    assert.notEqual(text('master.pem'), first);
    assert.ok(certificate('master').checkHost('master.example.org'));
    assert.equal(await dial({ ...tls('master'), ca: undefined }, { ca: file('ca.pem') }), 'hello');
  });

  it('with --keep leaves what fits as it is, and makes what does not', async () => {
    await makeCertificates({ out, host: ['10.0.0.1'], slave: ['slave1'] });
    const names = ['ca.pem', 'ca.key', 'master.pem', 'master.key', 'slave1.pem', 'slave1.key'];
    const before = names.map(text);
    const said = await makeCertificates({ out, host: ['10.0.0.1'], slave: ['slave1'], keep: true });
    assert.deepEqual(names.map(text), before);
    assert.match(said, /The certificate of the master is unchanged/);
    await makeCertificates({ out, host: ['10.0.0.2'], keep: true });
    assert.ok(certificate('master').checkIP('10.0.0.2'));
    const other = text('master.key');
    // One of another pair.
    writeFileSync(file('master.key'), text('slave1.key'));
    await makeCertificates({ out, keep: true });
    assert.notEqual(text('master.key'), other);
    assert.ok(certificate('master').checkIP('10.0.0.2'));
  });

  it('makes certificates by which a master knows its slaves, and that serve for nothing else', async () => {
    const said = await makeCertificates({ out, slave: ['slave1', 'slave2'] });
    assert.match(said, /accepts only slaves that show a certificate/);
    for (const name of ['slave1', 'slave2']) {
      assert.equal(await dial(tls('master'), tls(name)), 'hello');
    }
    await assert.rejects(dial(tls('master'), { ca: file('ca.pem') }));
    // A slave that stands in for the master, and the other way round.
    await assert.rejects(dial({ ...tls('slave1'), ca: undefined }, { ca: file('ca.pem') }));
    await assert.rejects(dial(tls('master'), tls('master')));
  });

  for (const [what, options, pattern] of [
    [
      'an address with its port',
      { host: ['10.0.0.1:4370'] },
      /--host: '10\.0\.0\.1:4370' is not the name/,
    ],
    ['a URL', { host: ['wss://a:4370'] }, /--host: 'wss:\/\/a:4370' is not the name or address/],
    [
      'an address of no machine',
      { host: ['0.0.0.0'] },
      /--host: a master can listen on 0\.0\.0\.0, but/,
    ],
    [
      'too many names',
      { host: Array<string>(101).fill('a') },
      /--host: 101 names given; at most 100/,
    ],
    ['a slave that is a path', { slave: ['../a'] }, /--slave: invalid node name '\.\.\/a'/],
    [
      'a slave named as a file here',
      { slave: ['CA'] },
      /--slave: another file here is already named CA\.pem/,
    ],
  ] as const) {
    it(`refuses ${what}, before anything is made`, async () => {
      const refused = makeCertificates({ out, ...options });
      await assert.rejects(refused, { code: 'ARGUMENT', message: pattern });
      assert.equal(existsSync(out), false);
    });
  }

  it('refuses a folder that others may enter, and a file in place of one', async () => {
    chmodSync(home, 0o755);
    await assert.rejects(makeCertificates({ out: home }), /other users can enter .*name a folder/);
    writeFileSync(out, '');
    await assert.rejects(makeCertificates({ out }), /is not a folder/);
    assert.deepEqual(readdirSync(home), ['tls']);
  });

  it('says what is wrong with a CA that does not fit, and leaves it', async () => {
    await makeCertificates({ out });
    const [cert, key] = [text('ca.pem'), text('ca.key')];
    const refused = (pattern: RegExp): Promise<void> =>
      assert.rejects(makeCertificates({ out }), { code: 'FILE', message: pattern });
    rmSync(file('ca.key'));
    await refused(/ca\.pem exists, but ca\.key, which belongs to it, is missing/);
    writeFileSync(file('ca.key'), text('master.key'), { mode: 0o600 });
    await refused(/not the certificate and key of a CA; move .* away and run amoc certs again/);
    writeFileSync(file('ca.key'), 'nothing');
    await refused(/not the certificate and key of a CA/);
    writeFileSync(file('ca.key'), key);
    writeFileSync(file('ca.pem'), text('master.pem'));
    await refused(/not the certificate and key of a CA/);
    writeFileSync(file('ca.pem'), cert);
    chmodSync(file('ca.key'), 0o644);
    await refused(/ca\.key can be read by others; run: chmod 600/);
    rmSync(file('ca.key'));
    symlinkSync('/dev/zero', file('ca.key'));
    await refused(/ca\.key is not a file/);
  });

  it('is a command, and with what it says a slave joins over TLS', async () => {
    using project = new Project();
    const made = await project.amoc(['certs']);
    assert.equal(made.code, 0, made.err);
    const folder = join(project.folder, 'home', '.amoc.tls');
    const console_ = project.start(['console'], {
      AMOC_MASTER_PORT: '0',
      AMOC_TLS_CERT: join(folder, 'master.pem'),
      AMOC_TLS_KEY: join(folder, 'master.key'),
    });
    let seen = '';
    for (const stream of [console_.stdout, console_.stderr]) {
      stream.on('data', (data) => (seen += String(data)));
    }
    const url = await eventually(
      () => /slaves can join at (wss:\S+)/.exec(seen)?.[1] ?? '',
      (found) => found !== '',
    );
    const args = ['slave', '--master', url, '--name', 'slave1'];
    const slave = project.start(args, { AMOC_TLS_CA: join(folder, 'ca.pem') });
    let said = '';
    slave.stderr.on('data', (data) => (said += String(data)));
    await eventually(
      () => said,
      (line) => line.includes('slave1/1 serves'),
    );
    const wrong = await project.amoc(['certs', '--host', 'a:1']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /^amoc: --host: 'a:1' is not the name.*\n$/);
  });
});
