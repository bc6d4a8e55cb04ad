import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  parseCount,
  parseDo,
  parseRemove,
  parseStop,
  parseUsers,
} from '../../src/master/arguments.ts';

const wrong: [string, () => unknown, RegExp][] = [
  [
    'from above to',
    () => parseDo('s', 10, 1),
    /from \(10\) is above to \(1\); did you mean do\('s', 1, 10\)/,
  ],
  ['0', () => parseDo('s', 0, 1), /from is 0; it must be a whole number from 1/],
  ['a negative id', () => parseDo('s', -1, 1), /from is -1/],
  ['a fraction', () => parseDo('s', 1, 1.5), /to is 1.5/],
  ['NaN', () => parseDo('s', NaN, 1), /from is NaN/],
  ['a text for an id', () => parseDo('s', '1', 10), /from is "1"/],
  ['10^12', () => parseDo('s', 1, 1e12), /to is 1000000000000/],
  ['no id', () => parseDo('s', 1, undefined), /to is undefined/],
  ['no scenario', () => parseDo(undefined, 1, 2), /the scenario must be a string/],
  [
    'an unknown option',
    () => parseDo('s', 1, 2, { coment: 'x' }),
    /no option 'coment'; did you mean 'comment'/,
  ],
  ['options that are none', () => parseDo('s', 1, 2, 5), /options must be an object/],
  ['a null for options', () => parseDo('s', 1, 2, null), /options must be an object/],
  [
    'an unknown placement',
    () => parseDo('s', 1, 2, { placement: 'roundrobin' }),
    /did you mean 'roundRobin'/,
  ],
  ['nodes that are none', () => parseDo('s', 1, 2, { nodes: 5 }), /nodes is 5/],
  ['settings that are none', () => parseDo('s', 1, 2, { settings: [] }), /settings is \[\]/],
  [
    'an interarrival that is none',
    () => parseDo('s', 1, 2, { interarrival: 'soon' }),
    /"soon" is not a time span/,
  ],
  ['a seed that is none', () => parseDo('s', 1, 2, { seed: 'x' }), /seed is "x"/],
  ['a comment that is none', () => parseDo('s', 1, 2, { comment: 5 }), /comment is 5/],
  ['a count that is none', () => parseCount('add', 'many'), /add: "many" is not a number of users/],
  ['remove without a number', () => parseRemove({}), /give a number, or/],
  [
    'remove with a wrong option',
    () => parseRemove(5, { forced: true }),
    /no option 'forced'; did you mean 'force'/,
  ],
  [
    'force that is no boolean',
    () => parseRemove(5, { force: 1 }),
    /force is 1; it must be true or false/,
  ],
  ['stop with a wrong option', () => parseStop({ now: true }), /no option 'now'/],
  [
    'a state that is none',
    () => parseUsers({ state: 'crash' }),
    /there is no state "crash"; did you mean 'crashed'/,
  ],
  ['a limit that is none', () => parseUsers({ limit: 0 }), /limit is 0/],
];

describe('arguments', () => {
  for (const [what, parse, message] of wrong) {
    it(`refuse ${what}`, () => assert.throws(parse, { code: 'ARGUMENT', message }));
  }

  it('take a rate for the whole cluster', () => {
    const rateOf = (rate: unknown): number | undefined => parseDo('s', 1, 10, { rate }).rate;
    assert.deepEqual(
      [rateOf('500/s'), rateOf('30/min'), rateOf(2.5), rateOf(undefined)],
      [500, 0.5, 2.5, undefined],
    );
    for (const bad of ['500', '0/s', '5/day', -1, {}, '2e9/s']) {
      assert.throws(() => rateOf(bad), { code: 'ARGUMENT', message: /as in '500\/s'/ });
    }
    assert.throws(() => parseDo('s', 1, 10, { rate: '5/s', interarrival: 5 }), /not both/);
  });

  it('are taken as they are meant', () => {
    const request = parseDo('s', 1, 10, {
      comment: 'x',
      interarrival: '1s',
      settings: { a: 1 },
      nodes: 'local/1',
    });
    assert.equal(request.ids.size, 10);
    assert.deepEqual(request.settings, { a: 1, interarrival: 1000 });
    assert.deepEqual(request.nodes, ['local/1']);
    assert.deepEqual(parseRemove(5, { force: true }), { count: 5, force: true });
    const byId = parseRemove({ ids: [[3, 9], 17], force: true });
    assert.ok('ids' in byId && byId.force);
    assert.deepEqual(byId.ids.toArray(), [3, 4, 5, 6, 7, 8, 9, 17]);
  });
});
