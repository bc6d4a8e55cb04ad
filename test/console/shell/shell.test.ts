import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Evaluator } from '../../../src/console/shell/evaluator.ts';
import { notTorn } from '../../../src/console/shell/not-torn.ts';
import { Shell } from '../../../src/console/shell/shell.ts';
import type { Operator } from '../../../src/console/shell/shell.ts';
import { operator } from '../../support/operator.ts';

/** A shell with `print`, and what it shows in which order. */
function open(more: Partial<Operator> = {}): { shell: Shell; seen: string[] } {
  const seen: string[] = [];
  const globals = {
    print: (text: string) => shell.print(text),
    note: (text: string) => seen.push(text),
    command: notTorn((text: string) => seen.push(text)),
    soon: () => Promise.resolve(),
  };
  const evaluator = new Evaluator(globals, process.cwd(), () => Promise.resolve('incomplete'));
  const shell: Shell = new Shell(evaluator, {
    ...operator,
    print: (text) => seen.push(`printed ${text}`),
    ...more,
  });
  return { shell, seen };
}

describe('a shell, while code runs that Ctrl+C may end between any two steps', () => {
  it('shows in one step what is printed, where somebody can', async () => {
    const { shell, seen } = open({ printAtOnce: (text) => seen.push(`at once ${text}`) });
    await shell.run("print('a'); await soon(); (async () => { await soon(); print('b') })()");
    assert.deepEqual(seen, ['at once a', 'printed b']);
  });

  it('keeps it until the code has let go, where nobody can', async () => {
    const { shell, seen } = open();
    await shell.run("{ print('a'); print('b'); note('end') } await soon(); print('c')");
    assert.deepEqual(seen, ['end', 'printed ab', 'printed c']);
  });

  it('keeps no more than a bound', async () => {
    const { shell, seen } = open();
    await shell.run("for (let i = 0; i < 1000; i++) print('x'.repeat(1023) + '\\n')");
    assert.deepEqual(
      seen.map((text) => text.length),
      ['printed '.length + 256 * 1024 + '(744 texts left out)\n'.length],
    );
  });

  it('lets commands begin afterwards, in their order', async () => {
    const { shell, seen } = open();
    await shell.run("[command('first'), command('second'), note('end')]");
    assert.deepEqual(seen, ['end', 'first', 'second']);
  });
});
