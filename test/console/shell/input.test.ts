import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { rewriteAngleOptions } from '../../../src/console/shell/angle-options.ts';
import { readInput } from '../../../src/console/shell/input.ts';

const read = (text: string) => readInput(text, ['c', 'help', 'q', 'v']);

describe('readInput', () => {
  for (const [typed, text] of [
    ["amocLocal.do('my_scenario',1,10)", "amocLocal.do('my_scenario',1,10)"],
    ['amocLocal.status().', 'amocLocal.status()'],
    ['amocDist.remove(50,<force:true>)', 'amocDist.remove(50,{force:true})'],
    ['amocDist.remove(50, <force: true>).', 'amocDist.remove(50, {force: true})'],
    ['amoc_local:add(10).', 'amocLocal.add(10)'],
    ['amoc_local : add(10)', 'amocLocal.add(10)'],
    ['c(my_scenario).', 'c("my_scenario")'],
    ["c('my_scenario').", 'c("my_scenario")'],
    ['v(-1).', 'v(-1)'],
    ['v(1).ids[0]', 'v(1).ids[0]'],
    ['label: f(1)', 'label: f(1)'],
    ['1.', '1'],
    ['[...a]', '[...a]'],
    ['% first\n  % second\nx = 1', 'x = 1'],
    ['x = 10\n% 3', 'x = 10\n% 3'],
    ['`a\n% b`', '`a\n% b`'],
    ['/* a\n% b */ 1', '/* a\n% b */ 1'],
    ['f(1)\n% of Erlang, no JavaScript\ng(2)', 'f(1)\ng(2)'],
    ['f(`a\n% b`,\n% c\n<force:true>)', 'f(`a\n% b`,\n{force:true})'],
    ["s.replace(/'/g, '(1,<force:true>)')", "s.replace(/'/g, '(1,<force:true>)')"],
    ['c(my_scenario).\n% done', 'c("my_scenario")'],
  ] as const) {
    it(typed, () => assert.deepEqual(read(typed), { kind: 'typescript', text }));
  }
  for (const empty of ['', '   ', '.', '% only a comment', '\n % one\n% two\n']) {
    it(`finds nothing in '${empty}'`, () => assert.deepEqual(read(empty), { kind: 'empty' }));
  }
  it('waits for the rest of an Erlang call', () => {
    assert.deepEqual(read('amoc_local:do(my_scenario,'), { kind: 'incomplete' });
    assert.deepEqual(read('amoc_local:do(my_scenario,\n 1, 2'), { kind: 'incomplete' });
  });
  it('points at what is wrong in Erlang', () => {
    assert.throws(() => read('amoc_local:add(]).'), {
      message: /expected a term, found '\]'\n {3}amoc_local:add\(\]\)\.\n {18}\^/,
    });
  });
});

describe('rewriteAngleOptions', () => {
  for (const same of [
    'new Map<string, number>()',
    'f<T>(x)',
    'a < b, c > (d)',
    'f(a < b, c > d)',
    "'(<force:true>)'",
    '"(50,<force:true>)"',
    '`(50,<force:true>)`',
    '// f(<force:true>)',
    '/* f(1,<force:true>) */ 1',
    'const f = (<T>(x: T) => x)',
  ]) {
    it(`leaves ${same}`, () => assert.equal(rewriteAngleOptions(same), same));
  }
  it('takes several options and texts', () => {
    assert.equal(
      rewriteAngleOptions("do('s',1,2,<comment:'a > b', seed: 7>)"),
      "do('s',1,2,{comment:'a > b', seed: 7})",
    );
  });
  it('changes nothing without an angle', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('<')),
        (text) => assert.equal(rewriteAngleOptions(text), text),
      ),
    );
  });
});
