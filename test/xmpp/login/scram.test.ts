import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Accounts } from '../../../src/xmpp/embedded/accounts.ts';
import { beginSasl } from '../../../src/xmpp/embedded/sasl.ts';
import { ScramClient } from '../../../src/xmpp/login/scram.ts';

describe('SCRAM', () => {
  it('gives the example of RFC 5802 §5', async () => {
    const client = new ScramClient({
      mechanism: 'SCRAM-SHA-1',
      username: 'user',
      password: 'pencil',
      nonce: 'fyko+d2lbbFgONRv9qkxdawL',
    });
    assert.equal(client.first(), 'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL');
    const final = await client.final(
      'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    );
    assert.equal(
      final,
      'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    );
    assert.ok(client.verifies('v=rmF9pqV8S7suAoZWja4dJRkFsKQ='));
    assert.ok(!client.verifies('v=rmF9pqV8S7suAoZWja4dJRkFsKA='));
  });

  it('gives the example of RFC 7677 §3', async () => {
    const client = new ScramClient({
      mechanism: 'SCRAM-SHA-256',
      username: 'user',
      password: 'pencil',
      nonce: 'rOprNGfwEbeRWgbNEkqO',
    });
    const final = await client.final(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    );
    assert.match(final, /p=dHzbZapWIk4jUhN\+Ute9ytag9zjfMHgsqmmiz7AndVQ=$/);
    assert.ok(client.verifies('v=6rriTRBi23WpRR\/wtup+mMhUZUn\/dB5nLTJRsjl95G4='));
  });

  it('agrees with the embedded server, whatever the name and the password', async () => {
    const accounts = new Accounts({ user: 'user_{id}', password: 'password_{id}' });
    for (const [name, password] of [
      ['a,b=c', 'p,=w'],
      ['ü', 'pässwörd'],
      ['user_5', 'password_5'],
    ] as const) {
      accounts.register(name, password);
      const exchange = beginSasl('SCRAM-SHA-1', accounts);
      const client = new ScramClient({ mechanism: 'SCRAM-SHA-1', username: name, password });
      const challenge = exchange(client.first());
      assert.ok(challenge.type === 'challenge');
      const success = exchange(await client.final(challenge.data));
      assert.ok(success.type === 'success' && success.username === name);
      assert.ok(client.verifies(success.data ?? ''));
    }
  });

  for (const rounds of [1, 256, 4096, 10_000, 100_000]) {
    it(`does ${rounds} rounds, and says how many they are`, async () => {
      const told: number[] = [];
      const client = new ScramClient({
        mechanism: 'SCRAM-SHA-1',
        username: 'user',
        password: 'pencil',
        nonce: 'mine',
        onRounds: (asked) => told.push(asked),
      });
      assert.match(await client.final(`r=minex,s=QSXC,i=${rounds}`), /^c=biws,r=minex,p=/);
      assert.deepEqual(told, [rounds]);
    });
  }

  for (const [what, message, expected] of [
    ['nonsense', 'nonsense', /malformed/],
    ['a nonce of its own', 'r=other,s=QSXC,i=4096', /does not continue ours/],
    ['our nonce alone', 'r=mine,s=QSXC,i=4096', /does not continue ours/],
    ['no rounds', 'r=minex,s=QSXC,i=0', /malformed/],
    [
      'rounds beyond the bound',
      'r=minex,s=QSXC,i=100001',
      /asks for 100001 rounds of SCRAM; at most 100000 are supported/,
    ],
    ['rounds without end', 'r=minex,s=QSXC,i=999999999', /999999999 rounds/],
    ['rounds beyond all numbers', `r=minex,s=QSXC,i=${'9'.repeat(400)}`, /rounds|malformed/],
    [
      'a salt without end',
      `r=minex,s=${'QSXC'.repeat(300)},i=4096`,
      /salt .* 1200 characters; at most 1000/,
    ],
  ] as const) {
    it(`refuses a server that sends ${what}`, async () => {
      const client = new ScramClient({
        mechanism: 'SCRAM-SHA-1',
        username: 'user',
        password: 'pencil',
        nonce: 'mine',
      });
      await assert.rejects(client.final(message), { code: 'AUTHENTICATION', message: expected });
    });
  }
});
