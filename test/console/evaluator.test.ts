import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadCompiler } from '../../src/console/erase.ts';
import { Evaluator } from '../../src/console/evaluator.ts';
import { person } from '../support/person.ts';
import { Shell } from '../../src/console/shell.ts';
import { shown } from '../../src/console/shown.ts';

async function evaluate(evaluator: Evaluator, text: string): Promise<unknown> {
  const result = await evaluator.evaluate(await loadCompiler(), text);
  return result === 'incomplete' ? result : result.value;
}

/** Evaluates lines in one context. @returns the last value */
async function run(...lines: string[]): Promise<unknown> {
  const evaluator = new Evaluator(
    { later: (value: unknown) => Promise.resolve(value) },
    process.cwd(),
  );
  let value: unknown;
  for (const line of lines) value = await evaluate(evaluator, line);
  return value;
}

describe('the evaluator', () => {
  for (const [what, lines, value] of [
    ['an expression', ['1 + 1'], 2],
    ['types', ['const n: number = 5 as number', 'n'], 5],
    ['an interface', ['interface A { x: number }', 'const a: A = { x: 1 }', 'a.x'], 1],
    ['declaring anew', ['const x = 1', 'const x = 2', 'x'], 2],
    ['let, var and destructuring', ['let [a, { b }] = [1, { b: 2 }]; var c = 3', 'a + b + c'], 6],
    ['a function, called before its text', ['f(); function f() { return 7 }', 'f()'], 7],
    ['a class', ['class A { m() { return 1 } }', 'new A().m()'], 1],
    ['an object', ['{ a: 1 }'], { a: 1 }],
    ['a block', ['{ let a = 1; a + 1 }'], 2],
    ['await', ['await later(3)'], 3],
    ['await in the middle', ['const p = 1 + (await later(2)); p'], 3],
    ['for await', ['let sum = 0; for await (const n of [later(1), later(2)]) sum += n; sum'], 3],
    ['a promise, awaited', ['later(4)'], 4],
    ['a const of a promise, awaited', ['const p = later(5)', 'p'], 5],
    ['an async function', ['const f = async () => (await later(1)) + 1', 'f()'], 2],
    ['static import', ["import { join as j } from 'node:path'", "j('a', 'b')"], 'a/b'],
    ['a namespace', ["import * as path from 'node:path'", "path.join('a', 'b')"], 'a/b'],
    ['dynamic import', ["(await import('node:path')).join('a', 'b')"], 'a/b'],
    ['generics', ['new Map<string, number>().size'], 0],
    ['Node.js', ["Buffer.from('a').toString('hex')"], '61'],
  ] as const) {
    it(`knows ${what}`, async () => {
      assert.deepEqual(JSON.parse(JSON.stringify(await run(...lines)) ?? 'null'), value);
    });
  }

  for (const open of [
    'function f() {',
    'f(',
    '[1,',
    '`text',
    'const a =',
    '/* c',
    'if (true) {',
    '1 +',
  ]) {
    it(`waits for the rest of ${open}`, async () => assert.equal(await run(open), 'incomplete'));
  }

  it('points at a mistake', async () => {
    await assert.rejects(run("let a = 'text"), {
      code: 'SYNTAX',
      message: /Unterminated string literal/,
    });
    await assert.rejects(run('foo bar'), { code: 'SYNTAX', message: /foo bar\n {3}\^/ });
  });

  it('lets go of what it waits for when it is told', async () => {
    const evaluator = new Evaluator({}, process.cwd());
    const controller = new AbortController();
    const running = evaluator.evaluate(await loadCompiler(), 'await new Promise(() => {})', {
      signal: controller.signal,
    });
    controller.abort();
    await assert.rejects(running, /interrupted/);
  });
});

describe('the shell', () => {
  const makeShell = (): Shell => {
    const globals: Record<string, unknown> = {
      nice: () => shown({ a: 1 }, () => 'ok: nice'),
      v: (number: unknown): unknown => shell.value(number),
    };
    const shell: Shell = new Shell(new Evaluator(globals, process.cwd()), person);
    return shell;
  };

  it('numbers commands and keeps their values', async () => {
    const shell = makeShell();
    assert.deepEqual(await shell.run('21 * 2'), { kind: 'ok', text: '42' });
    assert.deepEqual(await shell.run('nice()'), { kind: 'ok', text: 'ok: nice' });
    assert.deepEqual(await shell.run('v(1) + v(2).a'), { kind: 'ok', text: '43' });
    assert.deepEqual(await shell.run('v(-1)'), { kind: 'ok', text: '43' });
    assert.equal(shell.number, 5);
    const outcome = await shell.run('v(99)');
    assert.ok(outcome.kind === 'error' && /no value of command 99/.test(outcome.text));
  });

  it('says mistakes in one line, without a stack', async () => {
    const shell = makeShell();
    for (const [text, answer] of [
      ['nothing', '** ReferenceError: nothing is not defined'],
      ['null.x', "** TypeError: Cannot read properties of null (reading 'x')"],
      ['throw new Error("mine")', '** Error: mine'],
      ['throw 5', '** error: a value was thrown: 5'],
    ] as const) {
      assert.deepEqual(await shell.run(text), { kind: 'error', text: answer });
    }
  });

  it('does not count what is not finished', async () => {
    const shell = makeShell();
    assert.deepEqual(await shell.run('[1,'), { kind: 'incomplete' });
    assert.equal(shell.number, 1);
  });
});
