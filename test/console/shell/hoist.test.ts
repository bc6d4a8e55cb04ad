import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import fc from 'fast-check';
import { Evaluator } from '../../../src/console/shell/evaluator.ts';
import { notTorn } from '../../../src/console/shell/not-torn.ts';

/** Evaluates inputs, one after the other. @returns the value of the last one, and what was noted on the way */
async function run(...inputs: string[]): Promise<{ value: unknown; notes: unknown[] }> {
  const notes: unknown[] = [];
  const later = async (value: unknown): Promise<unknown> => {
    await new Promise(setImmediate);
    return value;
  };
  const cluster = {
    status: notTorn(() => ({ users: { running: 3 }, nodes: [{ name: 'a' }, { name: 'b' }] })),
    add: notTorn(async (number: unknown) => {
      if (typeof number !== 'number') throw new TypeError('add: no number');
      await new Promise(setImmediate);
      notes.push(`added ${number}`);
      return { number };
    }),
  };
  const evaluator = new Evaluator(
    { amocLocal: cluster, later, note: (what: unknown) => notes.push(what) },
    process.cwd(),
    () => Promise.resolve('incomplete'),
  );
  let value: unknown;
  for (const input of inputs) {
    const result = await evaluator.evaluate(input);
    assert.notEqual(result, 'incomplete');
    ({ value } = result as { value: unknown });
  }
  return { value: JSON.parse(JSON.stringify(value) ?? 'null') as unknown, notes };
}

/** A value as text, or the name of what was thrown. */
async function outcome(work: () => unknown): Promise<string> {
  try {
    return inspect(await work());
  } catch (error) {
    const { name } = error as Error;
    return name === 'AmocError' ? 'SyntaxError' : name;
  }
}

describe('the statements of one input', () => {
  for (const [what, inputs, value] of [
    ['lines without semicolons', ['x = 1\nx + 1'], 2],
    ['a call before a number', ['note(1)\n1 + 1'], 2],
    ['a pattern after a number', ['x = 1\nconst { a } = { a: 2 }\na'], 2],
    ['an import after a number', ["x = 1\nimport { sep } from 'node:path'\nsep"], '/'],
    ['an array after a number', ['x = 1;\n[5].length'], 1],
    ['lines that go on by the rules of the language', ['x = 10\n% 3'], 1],
    ['a template after a line', ['x = 1\n;`a`'], 'a'],
    ['a promise that is assigned', ['p = later(5)', 'p'], 5],
    ['a promise that is assigned twice', ['let a; a = b = later(6)', 'a + b'], 12],
    ['a promise that is added', ['n = 1; n += later(2)', 'n'], 3],
    [
      'a promise that a variable of a list gets',
      ['const a = 1, b = later(a + 1), c = b + 1', 'c'],
      3,
    ],
    ['a promise that is kept on purpose', ['void (p = later(5)); p instanceof Promise', ''], null],
    ['a function that keeps its name', ['f = () => 1; const g = () => 1; f.name + g.name'], 'fg'],
    ['a function that changes itself', ['function f() { f = 5 } f(); f'], 5],
    ['a var in a loop that waits', ['for (var i = 0; i < 2; i++) await later(i)', 'i'], 2],
    [
      'a pattern of a var in a loop',
      ['for (var [k, { v }] of [[1, { v: 2 }]]) await later(0)', 'k + v'],
      3,
    ],
    ['the value of a loop that waits', ['for (const n of [1, 2]) { await later(0); n * 10 }'], 20],
    ['lines of a block that waits', ['{ await later(0)\nvar v = 5\n;[1].length\nv }'], 5],
    ['a var that is declared again', ['var w = 1', 'var w', 'w'], 1],
    [
      'a var that is read too early',
      ['const seen = early; var early = 1; String(seen)'],
      'undefined',
    ],
    ['a command', ['amocLocal.status().users'], { running: 3 }],
    ['what is computed of a command', ['amocLocal.status().users.running + 1'], 4],
    ['an element of a command', ['amocLocal.status().nodes[0].name'], 'a'],
    ['a method of a command', ['amocLocal.status().nodes.map(({ name }) => name).join()'], 'a,b'],
    ['a const of a command', ['const u = amocLocal.status().users', 'u.running'], 3],
    ['a pattern of a command', ['const { running } = amocLocal.status().users; running'], 3],
    ['a command by a name of one’s own', ['const l = amocLocal; l.status().users.running'], 3],
    ['a command in a string', ["amocLocal['status']()['users'].running"], 3],
    ['a command in brackets', ['(amocLocal.status()).users.running'], 3],
    ['a command that may be missing', ['amocLocal.status()?.users?.running'], 3],
    [
      'a command in a function that is called',
      ['const f = () => amocLocal.status(); f().users.running'],
      3,
    ],
    ['a command in a template', ['`${amocLocal.status().users.running} run`'], '3 run'],
    ['a command as an argument', ['Object.keys(amocLocal.status())'], ['users', 'nodes']],
    [
      'a command in a condition',
      ["if (amocLocal.status().users.running > 2) 'many'; else 'few'"],
      'many',
    ],
    ['a command in a loop', ['for (const { name } of amocLocal.status().nodes) name'], 'b'],
    [
      'commands in a list',
      ['[amocLocal.add(1), amocLocal.add(2)]'],
      [{ number: 1 }, { number: 2 }],
    ],
    [
      'commands in Promise.all',
      ['Promise.all([amocLocal.add(1), amocLocal.add(2)])'],
      [{ number: 1 }, { number: 2 }],
    ],
    ['then', ['amocLocal.status().then(({ users }) => users)'], { running: 3 }],
    ['catch', ["amocLocal.add('x').catch(({ message }) => message)"], 'add: no number'],
    ['try', ["try { amocLocal.add('x') } catch ({ message }) { message }"], 'add: no number'],
    [
      'a function, which keeps its meaning',
      ['const g = () => typeof amocLocal.status().users; g()'],
      'undefined',
    ],
    [
      'a class, which keeps its meaning',
      ['class A { x = typeof amocLocal.status().users } new A().x'],
      'undefined',
    ],
    ['a method of another object', ['const s = new Set([1]); s.add(2).size'], 2],
  ] as [string, string[], unknown][]) {
    it(`knows ${what}`, async () => {
      const asked = inputs.filter((input) => input !== '');
      const { value: given } = await run(...asked);
      assert.deepEqual(given, value ?? given);
    });
  }

  it('waits for each of them before the next one begins', async () => {
    const { notes } = await run("amocLocal.add(1); note('then'); later(1).then(note); note('end')");
    assert.deepEqual(notes, ['added 1', 'then', 1, 'end']);
  });

  it('does not begin those after one that failed', async () => {
    let ended = false;
    const globals = {
      end: () => (ended = true),
      fail: () => Promise.reject(new Error('it failed')),
    };
    const evaluator = new Evaluator(globals, process.cwd(), () => Promise.resolve('incomplete'));
    await assert.rejects(evaluator.evaluate('fail(); end()'), { message: 'it failed' });
    await assert.rejects(evaluator.evaluate('p = fail(); end()'), { message: 'it failed' });
    await assert.rejects(evaluator.evaluate('for (;;) { await fail() } end()'), /it failed/);
    assert.equal(ended, false);
  });

  it('does not begin those after a wait that was interrupted', async () => {
    let ended = false;
    const globals = { end: () => (ended = true), never: () => new Promise(() => {}) };
    const evaluator = new Evaluator(globals, process.cwd(), () => Promise.resolve('incomplete'));
    const controller = new AbortController();
    const running = evaluator.evaluate('never(); end()', { signal: controller.signal });
    setImmediate(() => controller.abort());
    await assert.rejects(running, { name: 'Interrupted' });
    await new Promise(setImmediate);
    assert.equal(ended, false);
  });

  it('mean what they mean in a script, with semicolons and without', async () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const value = fc.oneof(
      fc.integer({ min: -9, max: 9 }).map(String),
      name,
      fc.constantFrom(
        '`t\n% t`',
        "'s'",
        '[1, 2]',
        '({ a: 1 })',
        '(1, 2)',
        '/x/g',
        'f(2)',
        '!a',
        '-b',
      ),
      fc
        .tuple(name, fc.constantFrom('+', '-', '*', '%', ',\n'), name)
        .map((each) => each.join(' ')),
    );
    const block = fc.oneof(
      fc.tuple(name, value).map(([to, given]) => `if (${to}) { ${given} } else ${given}`),
      fc
        .tuple(name, value)
        .map(([to, given]) => `for (var ${to} = 0; ${to} < 2; ${to}++) { ${given} }`),
      fc.tuple(name, value).map(([to, given]) => `{ let ${to} = ${given}\n${to} }`),
    );
    const statement = fc.oneof(
      value,
      block,
      fc.tuple(name, fc.constantFrom('=', '+=', '-='), value).map((each) => each.join(' ')),
      fc.tuple(name, value).map(([to, given]) => `var ${to} = ${given}`),
      fc.constantFrom(
        'a++',
        '++b;',
        'f(3)',
        '{}',
        ';',
        '// % a',
        '/* %\n% */',
        '% b',
        '(a)',
        '`x`',
      ),
      fc.constantFrom('[a, b] = [b, a]', '[1].length', '+a', 'var { a, ...c } = { a: 4, d: 5 }'),
      fc.constantFrom('function f() { return 1 }', 'f = () => c', 'var c', 'a\n++\nb;'),
    );
    const end = fc.constantFrom('\n', ';\n', '; ', '\n\n', ' // c\n');
    const lines = fc.array(fc.tuple(statement, end), { maxLength: 8 });
    // What a declaration at the end shows is the shell's own matter.
    const program = fc
      .tuple(lines, fc.oneof(value, block))
      .map(([before, last]) => before.map(([text, after]) => text + after).join('') + '\n;' + last);
    await fc.assert(
      fc.asyncProperty(program, async (text) => {
        // A block at the beginning is an object to a shell.
        fc.pre(!text.trimStart().startsWith('{'));
        const before = 'var a = 1, b = 2, c = 3; function f(x) { return x + a }';
        const context = createContext({});
        runInContext(before, context);
        const expected = await outcome(() => runInContext(text, context) as unknown);
        const evaluator = new Evaluator({}, process.cwd(), () => Promise.resolve('incomplete'));
        await evaluator.evaluate(before);
        const seen = await outcome(async () => {
          const result = await evaluator.evaluate(text);
          return result === 'incomplete' ? runInContext('(', context) : result.value;
        });
        assert.equal(seen, expected);
        const { context: after } = evaluator;
        for (const each of 'abc') assert.equal(inspect(after[each]), inspect(context[each]));
      }),
      { numRuns: 1000 },
    );
  });
});
