import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TravelledFiles } from '../../src/scenario/travelled-files.ts';

describe('the files that have come with a scenario', () => {
  const files = new TravelledFiles('main', [
    { path: 'names.csv', text: 'ann\n' },
    { path: 'lib/a.json', text: '{"a":[1]}' },
    { path: 'bad.json', text: '{' },
  ]);

  it('are found by their paths, however those are written', () => {
    assert.equal(files.text('./names.csv'), 'ann\n');
    assert.equal(files.text('names.csv'), 'ann\n');
    assert.deepEqual(files.json('./lib/../lib/a.json'), { a: [1] });
  });

  it('are all that there is: others are named with what to do', () => {
    const code = 'SCENARIO';
    assert.throws(() => files.text('./other'), {
      code,
      message:
        'text: no file "./other" travels with main; declare it: export const files = ["./other"] satisfies Files',
    });
    assert.throws(() => files.json('../etc/passwd'), { code });
    assert.throws(() => files.json('./bad.json'), {
      code,
      message: /^json: \.\/bad\.json is not JSON: /,
    });
    assert.throws(() => files.text(7 as never), { code: 'ARGUMENT', message: /7 is not a path/ });
  });
});
