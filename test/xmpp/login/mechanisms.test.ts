import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beginMechanism, chooseMechanism } from '../../../src/xmpp/login/mechanisms.ts';
import type { SaslMechanism, SaslOffer } from '../../../src/xmpp/login/mechanisms.ts';
import { ScramClient } from '../../../src/xmpp/login/scram.ts';
import { MemoryWire } from '../../support/memory-wire.ts';
import { options } from '../../support/xmpp.ts';

const plain = new MemoryWire();

/** An offer without a list of channel bindings. */
const offering = (...mechanisms: string[]): SaslOffer => ({ mechanisms, bindings: undefined });

describe('SASL', () => {
  it('takes the strongest of what is offered, or what was asked for', () => {
    assert.equal(
      chooseMechanism(options(1), offering('PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-512'), plain),
      'SCRAM-SHA-512',
    );
    const certificate = { cert: '', key: '' };
    assert.equal(
      chooseMechanism(options(1, 1, { certificate }), offering('EXTERNAL', 'PLAIN'), plain),
      'EXTERNAL',
    );
    assert.equal(
      chooseMechanism(
        options(1, 1, { mechanism: 'PLAIN' }),
        offering('PLAIN', 'SCRAM-SHA-1'),
        plain,
      ),
      'PLAIN',
    );
    assert.throws(
      () => chooseMechanism(options(1, 1, { mechanism: 'X-OAUTH2' }), offering('PLAIN'), plain),
      /offers no mechanism X-OAUTH2, only PLAIN/,
    );
    assert.throws(
      () => chooseMechanism(options(1), offering('GSSAPI'), plain),
      /no SASL mechanism in common; the server offers GSSAPI/,
    );
  });

  it('says what each specification wants it to say', async () => {
    const deps = { wire: new MemoryWire() };
    const begin = (name: string): SaslMechanism =>
      beginMechanism(name, options(5222, 7, { password: 'token' }), offering(), deps);
    const first = async (name: string): Promise<string> => begin(name).response();
    assert.equal(await first('PLAIN'), '\0user_7\0token');
    assert.equal(await first('EXTERNAL'), '');
    assert.equal(await first('ANONYMOUS'), '');
    assert.equal(await first('X-OAUTH2'), '\0user_7\0token');
    // RFC 7628 §4.1
    assert.equal(
      await first('OAUTHBEARER'),
      'n,a=user_7@localhost,\u0001host=127.0.0.1\u0001port=5222\u0001auth=Bearer token\u0001\u0001',
    );
    const bearer = begin('OAUTHBEARER');
    bearer.challenge('{"status":"invalid_token"}');
    assert.equal(await bearer.response(), '\u0001');
    await assert.rejects(first('SCRAM-SHA-1-PLUS'), /needs TLS/);
  });

  it('binds SCRAM to the channel, and says when it could have', async () => {
    const of = (binding: ConstructorParameters<typeof ScramClient>[0]['binding']): ScramClient =>
      new ScramClient({
        mechanism: 'SCRAM-SHA-256',
        username: 'u',
        password: 'p',
        nonce: 'n',
        binding,
      });
    assert.match(of('unused').first(), /^y,,n=u,r=n$/);
    const data = Buffer.from('binding');
    const bound = of({ type: 'tls-exporter', data });
    assert.match(bound.first(), /^p=tls-exporter,,/);
    const final = await bound.final('r=nx,s=QSXC,i=4096');
    const sent = Buffer.from(/^c=([^,]+)/.exec(final)?.[1] ?? '', 'base64').toString();
    assert.equal(sent, 'p=tls-exporter,,binding');
  });
});
