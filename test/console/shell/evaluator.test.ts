import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { CompilerThread } from '../../../src/scenario/compiler-thread.ts';
import { Evaluator } from '../../../src/console/shell/evaluator.ts';
import type { Erase } from '../../../src/console/shell/evaluator.ts';
import { operator } from '../../support/operator.ts';
import { Shell } from '../../../src/console/shell/shell.ts';
import { shown } from '../../../src/console/views/shown.ts';
import { ROOT } from '../../support/root.ts';

const compiler = new CompilerThread({ folder: ROOT, packageRoot: ROOT });
after(() => compiler[Symbol.asyncDispose]());
let erased: string[] = [];
const erase: Erase = (text) => {
  erased.push(text);
  return compiler.erase(text);
};

async function evaluate(evaluator: Evaluator, text: string): Promise<unknown> {
  const result = await evaluator.evaluate(text);
  return result === 'incomplete' ? result : result.value;
}

/** Evaluates lines in one context. @returns the last value */
async function run(...lines: string[]): Promise<unknown> {
  const evaluator = new Evaluator(
    { later: (value: unknown) => Promise.resolve(value) },
    process.cwd(),
    erase,
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
    ['declaring again', ['const x = 1', 'const x = 2', 'x'], 2],
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
    ['type arguments', ['function id<T>(x: T): T { return x }', 'id<number>(1)'], 1],
    [
      'nested type arguments',
      ['const id = <T>(x: T) => x', 'id<Map<string, number>>(1 as any)'],
      1,
    ],
    ['satisfies', ['({ a: 1 }) satisfies object'], { a: 1 }],
    ['an object with types', ['{ a: 1 as number }'], { a: 1 }],
    ['an object over lines', ['{ a: 1,\n b: 2 }'], { a: 1, b: 2 }],
    ['a block with types', ['{ let a: number = 1; a + 1 }'], 2],
    ['a default import', ["import path, { sep } from 'node:path'", 'path.join("a", sep)'], 'a/'],
    [
      'import inside of a function',
      ["const f = () => import('node:path')", '(await f()).sep'],
      '/',
    ],
    ['regular expressions with /v', ['/[\\p{L}--[a-z]]/v.test("A")'], true],
    ['a declaration without a value', ['let u', 'typeof u'], 'undefined'],
    ['comparisons', ['const few = [1, 2, 3].filter((x) => x < 3)', 'few.length > (1)'], true],
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
    '{ a: 1, b: 2',
    '{ a: 1, b: {',
    'function f(x: number) {',
    'const a: number =',
    'amocLocal.do(',
  ]) {
    it(`waits for the rest of ${open}`, async () => assert.equal(await run(open), 'incomplete'));
  }

  it('asks for no compiler as long as JavaScript is typed', async () => {
    erased = [];
    await run(
      "amocLocal = { do: () => 1 }; amocLocal.do('my_scenario', 1, 10)",
      'const { a } = { a: 1 }',
      '{ a: 1 }',
      "import { join } from 'node:path'",
      'function f(',
      'for (let i = 0; i < 3; i++) await later(i)',
    );
    assert.deepEqual(erased, []);
    await run('const a: number = 1');
    assert.deepEqual(erased, ['const a: number = 1']);
  });

  it('does not run what was interrupted while its types were erased', async () => {
    let ran = false;
    const evaluator = new Evaluator({ run: () => (ran = true) }, process.cwd(), erase);
    const controller = new AbortController();
    const running = evaluator.evaluate('run() as boolean', { signal: controller.signal });
    controller.abort();
    await assert.rejects(running, /interrupted/);
    // What is asked after it is answered after it.
    await compiler.erase('1 as number');
    await new Promise(setImmediate);
    assert.equal(ran, false);
  });

  it('points at a mistake', async () => {
    await assert.rejects(run("let a = 'text"), {
      code: 'SYNTAX',
      message: /Unterminated string literal/,
    });
    await assert.rejects(run('foo bar'), { code: 'SYNTAX', message: /foo bar\n {3}\^/ });
    await assert.rejects(run('let a = 1; let a = 2'), {
      code: 'SYNTAX',
      message:
        "Identifier 'a' has already been declared\n   let a = 1; let a = 2\n                  ^",
    });
    await assert.rejects(run('return 1'), { code: 'SYNTAX' });
  });

  it('lets go of what it waits for when it is told', async () => {
    const evaluator = new Evaluator({}, process.cwd(), erase);
    const controller = new AbortController();
    const running = evaluator.evaluate('await new Promise(() => {})', {
      signal: controller.signal,
    });
    controller.abort();
    await assert.rejects(running, /interrupted/);
  });

  it('gives the terminal back while it waits, and not between two statements that do not', async () => {
    const changes: boolean[] = [];
    const evaluator = new Evaluator(
      { later: (value: unknown) => Promise.resolve(value) },
      process.cwd(),
      erase,
    );
    evaluator.onBlocking = (isBlocking) => changes.push(isBlocking);
    await evaluate(evaluator, '1; 2; later(3); 4; 5');
    assert.deepEqual(changes, [true, false, true, false]);
    changes.length = 0;
    await assert.rejects(evaluate(evaluator, '1; throw new Error("2"); 3'));
    assert.deepEqual(changes, [true, false]);
  });
});

describe('the shell', () => {
  const makeShell = (): Shell => {
    const globals: Record<string, unknown> = {
      nice: () => shown({ a: 1 }, () => 'ok: nice'),
      v: (number: unknown): unknown => shell.value(number),
    };
    const shell: Shell = new Shell(new Evaluator(globals, process.cwd(), erase), operator);
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
