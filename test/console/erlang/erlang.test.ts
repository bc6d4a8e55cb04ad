import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { callToJavaScript } from '../../../src/console/erlang/javascript.ts';
import { parseCall } from '../../../src/console/erlang/parser.ts';
import type { Term } from '../../../src/console/erlang/term.ts';
import { ErlangSyntaxError } from '../../../src/console/erlang/tokenizer.ts';

const js = (text: string): string => callToJavaScript(parseCall(text));
const termOf = (text: string): Term => parseCall(`f(${text}).`).args[0]!;

/** Writes a term as Erlang would print it. */
function print(term: Term): string {
  switch (term.kind) {
    case 'atom':
      return `'${term.name.replace(/[\\']/g, '\\$&')}'`;
    case 'integer':
      return String(term.value);
    case 'float':
      return term.value.toFixed(4);
    case 'string':
      return `"${term.text.replace(/[\\"]/g, '\\$&')}"`;
    case 'binary':
      return `<<"${term.text.replace(/[\\"]/g, '\\$&')}"/utf8>>`;
    case 'list':
      return `[${term.items.map(print).join(', ')}]`;
    case 'tuple':
      return `{${term.items.map(print).join(',')}}`;
    case 'map':
      return `#{${term.entries.map(([key, value]) => `${print(key)} => ${print(value)}`).join(', ')}}`;
  }
}

/** Like the parser's: with an ordinary prototype. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T, keyof T>(model, {
    noNullPrototype: true,
    requiredKeys: Object.keys(model) as (keyof T)[],
  });

const { term } = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 4 },
    record({ kind: fc.constant('atom' as const), name: fc.string() }),
    record({ kind: fc.constant('integer' as const), value: fc.bigInt() }),
    record({
      kind: fc.constant('float' as const),
      value: fc.integer({ min: -9e6, max: 9e6 }).map((n) => n / 16),
    }),
    record({ kind: fc.constant('string' as const), text: fc.string({ unit: 'grapheme' }) }),
    record({ kind: fc.constant('binary' as const), text: fc.string({ unit: 'grapheme' }) }),
    record({
      kind: fc.constant('list' as const),
      items: fc.array(tie('term'), { maxLength: 4 }),
    }),
    record({
      kind: fc.constant('tuple' as const),
      items: fc.array(tie('term'), { maxLength: 4 }),
    }),
    record({
      kind: fc.constant('map' as const),
      entries: fc.array(fc.tuple(tie('term'), tie('term')), { maxLength: 3 }),
    }),
  ),
}));

describe('Erlang terms', () => {
  it('parse back to what was printed', () => {
    fc.assert(fc.property(term, (value) => assert.deepEqual(termOf(print(value)), value)));
  });

  it('never make the parser fail but by a word about the place', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseCall(`amoc_local:do(${text}`);
        } catch (error) {
          assert.ok(error instanceof ErlangSyntaxError, String(error));
          assert.ok(error.at >= 0);
        }
      }),
      { numRuns: 1000 },
    );
  });

  for (const [text, expected] of [
    ['1_000_000', { kind: 'integer', value: 1_000_000n }],
    ['16#FF', { kind: 'integer', value: 255n }],
    ['2#1010', { kind: 'integer', value: 10n }],
    ['$a', { kind: 'integer', value: 97n }],
    ['$\\n', { kind: 'integer', value: 10n }],
    ['-5', { kind: 'integer', value: -5n }],
    ['1.5e3', { kind: 'float', value: 1500 }],
    ["'quoted atom'", { kind: 'atom', name: 'quoted atom' }],
    ['node@host', { kind: 'atom', name: 'node@host' }],
    ['"a\\x41\\x{1F600}\\101\\s"', { kind: 'string', text: 'aA😀A ' }],
    ['"one" "two"', { kind: 'string', text: 'onetwo' }],
    ['<<>>', { kind: 'binary', text: '' }],
    ['<<104, 105>>', { kind: 'binary', text: 'hi' }],
    ['% a comment\n 7', { kind: 'integer', value: 7n }],
  ] as const) {
    it(`reads ${text}`, () => assert.deepEqual(termOf(text), expected));
  }

  it('are not nested without end', () => {
    assert.throws(() => parseCall(`f(${'['.repeat(5000)}`), /nested too deeply/);
  });
});

describe('a call in Erlang', () => {
  for (const [erlang, javascript] of [
    ['amoc_local:do(my_scenario, 1, 10).', 'amocLocal.do("my_scenario", 1, 10)'],
    ['amoc_local:add(10).', 'amocLocal.add(10)'],
    ['amoc_local:remove(10, [{force,true}]).', 'amocLocal.remove(10, {"force": true})'],
    ['amoc_local:remove(10, [force]).', 'amocLocal.remove(10, {"force": true})'],
    ['amoc_local:remove(10, []).', 'amocLocal.remove(10, {})'],
    [
      'amoc_dist:do(my_scenario, 1, 100, [{comment,"x"}]).',
      'amocDist.do("my_scenario", 1, 100, {"comment": "x"})',
    ],
    [
      "amoc_dist:do(s, 1, 2, [{nodes, [slave1, 'slave2@host']}, {settings, [{message_interval, 5}]}]).",
      'amocDist.do("s", 1, 2, {"nodes": ["slave1", "slave2@host"], "settings": {"messageInterval": 5}})',
    ],
    ['amoc_local:remove([{ids, [{3, 9}, 17]}]).', 'amocLocal.remove({"ids": [[3, 9], 17]})'],
    ['amoc_local:users(#{state => crashed}).', 'amocLocal.users({"state": "crashed"})'],
    ['amoc_local:test_status(x).', 'amocLocal.status("x")'],
    ['amoc_dist:ping_nodes().', 'amocDist.ping()'],
    ['amoc_dist:undrain(slave1).', 'amocDist.undrain("slave1")'],
    ['amoc_local:stop([{force,true}]).', 'amocLocal.stop({"force": true})'],
    ['amoc_local:status()', 'amocLocal.status()'],
    ['c(my_scenario).', 'c("my_scenario")'],
  ] as const) {
    it(erlang, () => assert.equal(js(erlang), javascript));
  }

  for (const [text, message] of [
    ['amoc_local:do(my_scenario, N).', /N is an Erlang variable/],
    ['amoc_local:add(10). amoc_local:add(1).', /one call at a time/],
    ['amoc_local:add(37#1).', /invalid base 37#/],
    ['amoc_local:add(2#12).', /2 is not a digit of base 2/],
    ['amoc_local:add(]).', /expected a term, found '\]'/],
    ['amoc_local:add(&).', /this is not valid Erlang/],
  ] as const) {
    it(`refuses ${text}`, () => assert.throws(() => js(text), { code: 'SYNTAX', message }));
  }

  for (const text of [
    'amoc_local:',
    'amoc_local:do(',
    'amoc_local:do(a,',
    'amoc_local:do("a',
    'amoc_local:f(<<"a">',
    "amoc_local:f('a",
  ]) {
    it(`goes on after ${text}`, () => {
      assert.throws(
        () => js(text),
        (error: ErlangSyntaxError) => error.incomplete || text.endsWith('>'),
      );
    });
  }
});
