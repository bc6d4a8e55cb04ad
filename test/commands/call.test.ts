import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCall } from '../../src/commands/call.ts';
import type { Call } from '../../src/commands/call.ts';
import type { Command } from '../../src/commands/command.ts';
import { commands } from '../../src/commands/index.ts';
import { attempt } from '../../src/lib/time/async.ts';
import { MemoryCluster } from '../support/memory-cluster.ts';

const all: readonly Command[] = commands;
const named = (name: string): Command => all.find((each) => each.name === name)!;

/** Checks a call, and makes it on a cluster without a run. */
const call = (name: string, ...values: unknown[]): Promise<unknown> =>
  attempt(() => {
    const command = named(name);
    const { args, options } = readCall(command, values);
    return command.run(new MemoryCluster({}).master, args, options);
  });

const read = (name: string, ...values: unknown[]): Call => readCall(named(name), values);

const wrong: [string, () => Promise<unknown>, RegExp][] = [
  [
    'from above to',
    () => call('do', 's', 10, 1),
    /from \(10\) is above to \(1\); did you mean do\('s', 1, 10\)/,
  ],
  ['0', () => call('do', 's', 0, 1), /from is 0; it must be a whole number from 1/],
  ['a negative id', () => call('do', 's', -1, 1), /from is -1/],
  ['a fraction', () => call('do', 's', 1, 1.5), /to is 1.5/],
  ['NaN', () => call('do', 's', NaN, 1), /from is NaN/],
  ['a text for an id', () => call('do', 's', '1', 10), /from is "1"/],
  ['10^12', () => call('do', 's', 1, 1e12), /to is 1000000000000/],
  ['no id', () => call('do', 's', 1, undefined), /to is undefined/],
  ['no scenario', () => call('do', undefined, 1, 2), /the scenario must be a string/],
  [
    'an unknown option',
    () => call('do', 's', 1, 2, { coment: 'x' }),
    /no option 'coment'; did you mean 'comment'/,
  ],
  ['options that are none', () => call('do', 's', 1, 2, 5), /options must be an object/],
  ['a null for options', () => call('do', 's', 1, 2, null), /options must be an object/],
  [
    'an unknown placement',
    () => call('do', 's', 1, 2, { placement: 'roundrobin' }),
    /did you mean 'roundRobin'/,
  ],
  ['nodes that are none', () => call('do', 's', 1, 2, { nodes: 5 }), /nodes is 5/],
  ['settings that are none', () => call('do', 's', 1, 2, { settings: [] }), /settings is \[\]/],
  [
    'an interarrival that is none',
    () => call('do', 's', 1, 2, { interarrival: 'soon' }),
    /do: interarrival is "soon"; it must be a time span/,
  ],
  ['a seed that is none', () => call('do', 's', 1, 2, { seed: 'x' }), /seed is "x"/],
  ['a comment that is none', () => call('do', 's', 1, 2, { comment: 5 }), /comment is 5/],
  ['a count that is none', () => call('add', 'many'), /add: "many" is not a number of users/],
  ['remove without a number', () => call('remove', {}), /give a number, or/],
  [
    'remove with a wrong option',
    () => call('remove', 5, { forced: true }),
    /no option 'forced'; did you mean 'force'/,
  ],
  [
    'force that is no boolean',
    () => call('remove', 5, { force: 1 }),
    /force is 1; it must be true or false/,
  ],
  ['stop with a wrong option', () => call('stop', { now: true }), /no option 'now'/],
  [
    'a state that is none',
    () => call('users', { state: 'crash' }),
    /there is no state "crash"; did you mean 'crashed'/,
  ],
  ['a limit that is none', () => call('users', { limit: 0 }), /limit is 0/],
];

describe('arguments', () => {
  for (const [what, parse, message] of wrong) {
    it(`refuse ${what}`, () => assert.rejects(parse, { code: 'ARGUMENT', message }));
  }

  it('take a rate for the whole cluster', async () => {
    for (const rate of ['500/s', '30/min', 2.5, undefined]) {
      assert.equal(read('do', 's', 1, 10, { rate }).options['rate'], rate);
    }
    for (const bad of ['500', '0/s', '5/day', -1, {}, '2e9/s']) {
      assert.throws(() => read('do', 's', 1, 10, { rate: bad }), {
        code: 'ARGUMENT',
        message: /as in '500\/s'/,
      });
    }
    await assert.rejects(call('do', 's', 1, 10, { rate: '5/s', interarrival: 5 }), /not both/);
  });

  it('are taken as they are meant', () => {
    const given = { comment: 'x', interarrival: '1s', settings: { a: 1 }, nodes: 'local/1' };
    const { args, options } = read('do', 's', 1, 10, given);
    assert.deepEqual(args, { scenario: 's', from: 1, to: 10 });
    assert.deepEqual(JSON.parse(JSON.stringify(options)), given);
    assert.deepEqual(read('remove', 5, { force: true }), {
      args: { users: 5 },
      options: { force: true, ids: undefined },
    });
    assert.deepEqual(read('remove', { ids: [[3, 9], 17], force: true }), {
      args: { users: undefined },
      options: { force: true, ids: [[3, 9], 17] },
    });
    assert.deepEqual(read('users').options, { state: undefined, limit: 20 });
    assert.deepEqual(read('trace', 7).args, { id: 7, on: undefined });
  });

  it('ignore what the original passed to test_status', () => {
    assert.deepEqual(read('status', 'my_scenario'), { args: {}, options: {} });
  });

  it('name a process or machine', () => {
    assert.throws(() => read('log', 7), { code: 'ARGUMENT', message: /as in log\('slave1'\)/ });
  });
});
