import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { declaredVariables } from '../../src/scenario/declared-variables.ts';
import { ROOT } from '../support/root.ts';

describe('the variables of a source', () => {
  it('are found with their descriptions, and nothing is run', () => {
    const source = readFileSync(join(ROOT, 'scenarios', 'my_scenario.ts'), 'utf8');
    assert.deepEqual(declaredVariables(source), {
      messageInterval: 'time between two messages of a user',
      messages: 'messages that a user sends in one session',
    });
  });

  it('may have checks, comments and quotes', () => {
    const source = `
      export const variables: Variables = {
        // a: { description: 'a comment' },
        'one': { default: "},'", description: 'the user\\'s first', check: (v: number) => v > 0 || 'x, y' },
        /* two: {} */ three: { default: 3, description: "it's \\"three\\"" },
        ...others,
        four: { default: \`\${1}\` },
      } satisfies Variables;
      export const five = { six: {} };`;
    assert.deepEqual(declaredVariables(source), {
      one: "the user's first",
      three: 'it\'s "three"',
      four: '',
    });
  });

  it('are none in a source without them, and in one that is torn', () => {
    for (const source of ['', 'export const start = () => {};', 'export const variables = {']) {
      assert.deepEqual(declaredVariables(source), {});
    }
    assert.deepEqual(declaredVariables("export const variables = { a: { description: 'x"), {
      a: '',
    });
  });
});
