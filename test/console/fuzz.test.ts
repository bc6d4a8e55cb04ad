import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AttachClient } from '../../src/attach/client.ts';
import { cases, seed } from '../support/cases.ts';
import { Project } from '../support/project.ts';

const LINES = cases('AMOC_FUZZ_LINES', 2000);
const SEED = seed();
/** What waits for ever is interrupted, as a person would. */
const PATIENCE_MS = 100;
const MAX_SHOWN = 120_000;

const commands = [
  'amocLocal.status()',
  'amocLocal.status().users',
  'amocLocal.nodes()[0]',
  "amocLocal.add('x')",
  'amocLocal.add(1)',
  'amocLocal.remove(1, <force:true>)',
  'amocLocal.metrics().counters',
  'amocLocal.user(Symbol())',
  "amocLocal.do('nobody', 1, 2)",
  'amocLocal.do({ toString() { throw 1 } })',
  'amocLocal.update(new Proxy({}, { ownKeys() { throw 1 } }))',
  'amocLocal.nothing()',
  'amocDist.ping()',
  'users()',
  'help()',
  'v(-1)',
  'v({})',
  "c('nothing')",
  'tail(1e9)',
  'sleep(1)',
  "sleep('soon')",
  'q()',
  'amoc_local:add(10).',
  'amoc_local:remove(10, [{force,true}]).',
  'amoc_dist:do(my_scenario, 1,',
  'amoc_local:status(',
  '{ok, [<<"binary">>]}.',
  'c(my_scenario).',
];
const script = [
  'x = 1',
  'let y = 2, z',
  'const x = y',
  'var { a, ...rest } = x',
  'function f() { return f() }',
  'class A extends f { #p = x }',
  'f()',
  'new A()',
  'x?.y.z',
  'for (const k of [1, 2]) await sleep(k)',
  'if (x) y\nelse z',
  '`${x}\n% ${`y`}`',
  "import { sep } from 'node:path'",
  "await import('node:nothing')",
  'eval("x")',
  'label: { break label }',
  'with ({}) x',
  'x as unknown as number',
  'enum E { A }',
  'delete x',
  'debugger',
  'yield',
  'return 1',
  '%',
  '% a comment',
  '# a private name',
  '<T>(x)',
  '10\n% 3',
];
const faults = [
  'throw null',
  'throw Object.assign(new Error("x"), { name: Symbol("n") })',
  'throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })',
  'throw new AggregateError([new Error("a"), null], "b")',
  'Promise.reject(5)',
  'void Promise.reject(new Error("lost"))',
  '[Promise.reject()]',
  'setTimeout(() => { throw new Error("late") })',
  'queueMicrotask(() => { throw undefined })',
  'process.nextTick(() => null.x)',
  'new EventTarget().addEventListener("a", null)',
  'process.exit(1)',
  'setImmediate(() => process.exit())',
  'process.kill(process.pid)',
  'process.abort()',
  'new Promise(() => {})',
  '({ then() { throw 1 } })',
  '({ get then() { throw 1 } })',
  'new Proxy({}, { get() { throw 1 } })',
  '({ [Symbol.for("nodejs.util.inspect.custom")]() { throw 1 } })',
  '({ get [Symbol.toStringTag]() { throw 1 } })',
  'Object.create(null)',
  'globalThis',
  'global.global',
  '"x".repeat(3e6)',
  'Array(1e6).fill({ x })',
  'Object.fromEntries(Array(3e4).fill(0).map((_, i) => [i + "k", i]))',
  'new Array(-1)',
  'Symbol()',
  '10n ** 1000n',
  `'${'y'.repeat(3e5)}'`,
];
const characters = [
  '日本語',
  '👩‍👩‍👧',
  '\u0000',
  '\u001b[2J',
  '\u0007',
  '\r',
  '\u202e',
  '\ud800',
  '\u2028',
  'ä',
];
const signs =
  '( ) { } [ ] < > " \' ` / \\ ; : , . % ? ! = + - * & | ~ ^ @ # $ => ... // /* */ ${ && ??='.split(
    ' ',
  );

const line = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...commands) },
      { weight: 6, arbitrary: fc.constantFrom(...script) },
      { weight: 5, arbitrary: fc.constantFrom(...faults) },
      { weight: 5, arbitrary: fc.constantFrom(...signs) },
      { weight: 1, arbitrary: fc.constantFrom(...characters) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
      { weight: 1, arbitrary: fc.nat(2e4).map((n) => `'${'y'.repeat(n)}'`) },
    ),
    { minLength: 1, maxLength: 4 },
  )
  .chain((parts) => fc.constantFrom('', ' ', '; ', '\n').map((between) => parts.join(between)));

describe('the prompt of a node', () => {
  it(`is back after each of ${LINES} odd inputs, one further, with a value or an error`, async () => {
    using project = new Project();
    const started = await project.amoc(['start']);
    assert.equal(started.code, 0, started.err);
    let printed = '';
    using client = await AttachClient.dial(
      join(project.folder, 'home', '.amoc', 'amoc', 'control.sock'),
      { who: 'fuzz', colors: 0, quiet: true, onPrint: (text) => (printed += text) },
    );
    for (const [at, text] of fc.sample(line, { numRuns: LINES, seed: SEED }).entries()) {
      const before = client.number;
      const where = `AMOC_FUZZ_SEED=${SEED}, input ${at}: ${JSON.stringify(text.slice(0, 500))}`;
      const outcome = await client.run(text, { signal: AbortSignal.timeout(PATIENCE_MS) });
      const isDone = outcome.kind === 'ok' || outcome.kind === 'error';
      assert.equal(client.number, isDone ? before + 1 : before, where);
      if (!isDone) continue;
      assert.ok(outcome.text.length < MAX_SHOWN, where);
      if (outcome.kind === 'error') {
        assert.match(outcome.text, /^\*\* [^\n]+(\n {3}[^\n]*)*$/, where);
        assert.doesNotMatch(outcome.text, /the node has ended|\n {4,}at /, where);
      }
    }
    assert.deepEqual(await client.run('1 + 1'), { kind: 'ok', text: '2' });
    // Who has thrown something late has read it.
    assert.match(printed, /\*\* Error: late\n/);
    assert.match(printed, /\*\* Error: lost\n/);
  });
});
