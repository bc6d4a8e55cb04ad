import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dnsNameOf } from '../../../src/lib/text/dns-name.ts';

describe('the name of a host in a certificate', () => {
  for (const [given, name] of [
    ['Master.Example.ORG.', 'master.example.org'],
    ['*.example.org', '*.example.org'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['my_host', 'my_host'],
    ['10.0.0.1', '10.0.0.1'],
    ['[::1]', '::1'],
    ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
  ] as const) {
    it(`is ${name} for ${given}`, () => assert.equal(dnsNameOf(given), name));
  }

  const long = `${'a'.repeat(64)}.example.org`;
  const longer = `${'a.'.repeat(127)}org`;
  for (const given of ['', '.', '*', '*.', 'a..b', '-a', 'a-', 'a b', 'a/b', 'a:4370', 'wss://a']) {
    it(`is not '${given}'`, () => assert.equal(dnsNameOf(given), undefined));
  }
  for (const given of ['10.0.0', '10.0.0.256', 'fe80::1%eth0', 'a\nb', 'a,DNS:b', long, longer]) {
    it(`is not ${JSON.stringify(given).slice(0, 40)}`, () =>
      assert.equal(dnsNameOf(given), undefined));
  }
});
