import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { generate } from 'selfsigned';
import { clientTls, controlTls, serverTls } from '../../src/protocol/control-tls.ts';
import type { ControlTls } from '../../src/protocol/control-tls.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { dialMaster, listenForSlaves } from '../../src/protocol/websocket-transport.ts';

describe('TLS between master and slaves', () => {
  const folder = mkdtempSync(join(tmpdir(), 'amoc-tls-'));
  after(() => rmSync(folder, { recursive: true }));
  let ours: ControlTls;
  let others: ControlTls;

  const make = async (name: string): Promise<ControlTls> => {
    const pem = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
      keySize: 2048,
      algorithm: 'sha256',
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
      ] as never,
    });
    const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
    writeFileSync(files.cert, pem.cert);
    writeFileSync(files.key, pem.private, { mode: 0o600 });
    return { ...files, ca: files.cert };
  };
  before(async () => {
    ours = await make('ours');
    others = await make('others');
  });

  const dial = async (master: ControlTls, slave: ControlTls): Promise<string> => {
    await using listener = await listenForSlaves(
      { host: '127.0.0.1', port: 0 },
      (transport) => transport.send('hello'),
      { tls: master },
    );
    const transport = await dialMaster(`wss://127.0.0.1:${listener.port}`, slave);
    return await transport.nextFrame();
  };

  it('joins those that trust each other', async () => {
    assert.equal(await dial({ ...ours, ca: undefined }, { ca: ours.ca }), 'hello');
    assert.equal(await dial(ours, ours), 'hello');
  });

  it('knows one channel from another, the same at both ends', async () => {
    const transports: Transport[] = [];
    await using listener = await listenForSlaves(
      { host: '127.0.0.1', port: 0 },
      (transport) => transports.push(transport),
      { tls: { ...ours, ca: undefined } },
    );
    const dialled: Transport[] = [];
    for (let at = 0; at < 2; at++) {
      dialled.push(await dialMaster(`wss://127.0.0.1:${listener.port}`, { ca: ours.ca }));
    }
    const bindings = dialled.map(({ channelBinding }) => channelBinding);
    assert.deepEqual(
      transports.map(({ channelBinding }) => channelBinding),
      bindings,
    );
    assert.match(bindings.join(), /^[0-9a-f]{64},[0-9a-f]{64}$/);
    assert.notEqual(bindings[0], bindings[1]);
  });

  it('refuses a private key that others can read', () => {
    const key = ours.key ?? '';
    for (const mode of [0o644, 0o640, 0o604, 0o622]) {
      chmodSync(key, mode);
      assert.throws(() => serverTls(ours), /ours\.key can be read by others; run: chmod 600 /);
      assert.throws(() => clientTls(ours), { code: 'FILE' });
    }
    for (const mode of [0o400, 0o600]) {
      chmodSync(key, mode);
      serverTls(ours);
    }
    chmodSync(key, 0o600);
  });

  it('refuses a master that the slave does not trust', async () => {
    await assert.rejects(
      dial({ ...ours, ca: undefined }, { ca: others.ca }),
      /self-signed|certificate/,
    );
  });

  it('refuses a slave without a certificate of the CA', async () => {
    await assert.rejects(dial(ours, { ca: ours.ca }));
    await assert.rejects(dial(ours, { ...others, ca: ours.ca }));
  });

  it('takes its files from the environment or the command line, and both halves of a pair', () => {
    const environment = { AMOC_TLS_CA: 'a', AMOC_TLS_CERT: 'b', AMOC_TLS_KEY: 'c' };
    assert.deepEqual(controlTls(environment), { ca: 'a', cert: 'b', key: 'c' });
    assert.deepEqual(controlTls(environment, { ca: 'x' })?.ca, 'x');
    assert.equal(controlTls({}), undefined);
    assert.throws(() => controlTls({ AMOC_TLS_CERT: 'b' }), /belong together/);
  });
});
