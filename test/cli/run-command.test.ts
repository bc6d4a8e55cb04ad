import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Command } from 'commander';
import fc from 'fast-check';
import { declareRun, spreadLists } from '../../src/cli/run-command.ts';
import type { RunRequest } from '../../src/cli/run-command.ts';

/** What `amoc run …` would do. */
async function parse(...args: string[]): Promise<RunRequest> {
  const program = new Command('amoc').exitOverride().configureOutput({ writeErr: () => {} });
  const seen: RunRequest[] = [];
  declareRun(program.command('run'), (request) => {
    seen.push(request);
    return Promise.resolve();
  });
  await program.parseAsync(['run', ...spreadLists(args)], { from: 'user' });
  const [request] = seen;
  assert.ok(request !== undefined);
  return request;
}

const plain: RunRequest = {
  ...{ scenario: 'sleeper', from: 1, to: 2, forMs: Infinity, settings: {}, thresholds: {} },
  ...{ comment: undefined, seed: undefined, abortOnFail: false, junit: undefined, json: false },
  cluster: undefined,
};

describe('the arguments of `amoc run`', () => {
  for (const args of [
    ['sleeper', '1', '2', '--settings', 'a=1', 'b=2'],
    ['sleeper', '1', '2', '--settings', 'a=1', '--settings', 'b=2'],
    ['--settings', 'a=1', 'sleeper', '1', '2', '--settings=b=2'],
    ['--settings', 'a=1', 'b=2', 'sleeper', '1', '2'],
    ['sleeper', '--settings', 'a=1', 'b=2', '1', '2'],
    ['--settings=a=1', 'b=2', 'sleeper', '1', '2'],
  ]) {
    it(`take settings as in: ${args.join(' ')}`, async () => {
      assert.deepEqual(await parse(...args), { ...plain, settings: { a: '1', b: '2' } });
    });
  }

  for (const args of [
    ['--threshold', 'errors < 1%', 'sleeper', '1', '2', '--threshold', 'turns>5'],
    ['--threshold', 'errors < 1%', 'turns>5', 'sleeper', '1', '2'],
    ['sleeper', '1', '2', '--threshold', 'errors < 1%', 'turns>5', '--json'],
  ]) {
    it(`take thresholds as in: ${args.join(' ')}`, async () => {
      const { thresholds } = await parse(...args);
      assert.deepEqual(thresholds, { errors: '< 1%', turns: '>5' });
    });
  }

  it('leave the value of another option to it, whatever it looks like', async () => {
    const request = await parse('--settings', 'a=1', '--comment', 'b=2', 'sleeper', '1', '2');
    assert.deepEqual(request, { ...plain, settings: { a: '1' }, comment: 'b=2' });
    const odd = await parse('sleeper', '1', '2', '--comment', '--settings', '--seed', '-3');
    assert.deepEqual(odd, { ...plain, comment: '--settings', seed: -3 });
  });

  it('mean the same in any order', async () => {
    const name = fc.stringMatching(/^[a-z][A-Za-z0-9_]{0,8}$/);
    const value = fc.stringMatching(/^[A-Za-z0-9 .,:{}%=<>-]{0,10}$/);
    const setting = fc.tuple(name, value);
    const threshold = fc
      .tuple(name, fc.integer({ min: 0, max: 999 }))
      .map(([metric, limit]) => `${metric} p99 < ${limit}ms`);
    const uniqueBy = { selector: (text: string): string => text.split(' ')[0] ?? '' };
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(setting, { maxLength: 5, selector: ([key]) => key }),
        fc.uniqueArray(threshold, { maxLength: 3, ...uniqueBy }),
        fc.constantFrom([], ['--json']),
        fc.constantFrom([], ['--for', '30s'], ['--for=30s']),
        fc.constantFrom([], ['--comment', 'x=1'], ['--comment', 'a < b']),
        fc.infiniteStream(fc.nat()),
        async (settings, thresholds, json, time, comment, dice) => {
          const pairs = settings.map(([key, text]) => `${key}=${text}`);
          const roll = (most: number): number => (dice.next().value as number) % most;
          /** A list in pieces of any length, each behind an option of its own. */
          const cut = (option: string, items: readonly string[]): string[][] => {
            const groups: string[][] = [];
            for (let at = 0; at < items.length;) {
              const size = 1 + roll(items.length - at);
              const group = items.slice(at, at + size);
              const [first = '', ...others] = group;
              groups.push(roll(2) === 0 ? [`${option}=${first}`, ...others] : [option, ...group]);
              at += size;
            }
            return groups;
          };
          const options: (readonly string[])[] = [
            ...cut('--settings', pairs),
            ...cut('--threshold', thresholds),
            ...[json, time, comment].filter(({ length }) => length > 0),
          ];
          // The order of the three arguments is theirs; options stand anywhere between.
          const words: (readonly string[])[] = [['sleeper'], ['1'], ['2']];
          for (const option of options) words.splice(roll(words.length + 1), 0, option);
          const request = await parse(...words.flat());
          assert.deepEqual(request, {
            ...plain,
            settings: Object.fromEntries(settings),
            thresholds: Object.fromEntries(
              thresholds.map((text) => {
                const at = text.indexOf('<');
                return [text.slice(0, at).trim(), text.slice(at)] as const;
              }),
            ),
            json: json.length > 0,
            forMs: time.length > 0 ? 30_000 : Infinity,
            comment: comment[1],
          });
        },
      ),
    );
  });

  for (const [args, message] of [
    [
      ['sleeper', '1', '2', '--for', '30'],
      '--for takes a time with its unit, as in 30s; 30 has no unit',
    ],
    [
      ['sleeper', '1', '2', '--for', '1.5'],
      '--for takes a time with its unit, as in 30s; 1.5 has no unit',
    ],
    [['sleeper', '1', '2', '--for', '0'], /--for takes a time with its unit/],
    [['sleeper', '1', '2', '--for', '-5'], /--for takes a time with its unit/],
    [['sleeper', '1', '2', '--for', '0s'], /--for: 0s is not a valid time; it must be above zero/],
    [['sleeper', '1', '2', '--for', '-5s'], /--for: "-5s" is not a time span/],
    [['sleeper', '1', '2', '--for', ''], /--for: "" is not a time span/],
    [['sleeper', 'a', 'b'], /the first user id: 'a' is not a whole number from 1 to 100000000/],
    [['sleeper', '1', '1e3'], /the last user id: '1e3' is not a whole number/],
    [['sleeper', '', '2'], /the first user id: '' is not a whole number/],
    [['sleeper', '0', '2'], /the first user id: '0' is not a whole number from 1/],
    [['sleeper', '-1', '2'], /the first user id: '-1' is not a whole number from 1/],
    [['sleeper', '1', '100000001'], /the last user id: '100000001' is not/],
    [
      ['sleeper', '5', '1'],
      /the first user id \(5\) is above the last one \(1\); did you mean 1 5\?/,
    ],
    [['sleeper', '1', '2', '3'], /'3' is one too many/],
    [
      ['sleeper', '1', '2', '--settings', 'a=1', 'b'],
      /'b' is one too many \(a setting is written name=value\)/,
    ],
    [['--settings', 'sleeper', '1', '2', '3'], /--settings: 'sleeper' is not name=value/],
    [['sleeper', '1', '2', '--settings', '=5'], /--settings: '=5' is not name=value/],
    [['sleeper', '1', '2', '--seed', '1.5'], /--seed: '1.5' is not a whole number/],
    [['sleeper', '1', '2', '--threshold', 'errors 5'], /invalid threshold 'errors 5'/],
    [
      ['sleeper', '1', '2', '--threshold', 'errors < 5', '--threshold', 'errors < 1%'],
      /--threshold: 'errors' has two limits, '< 5' and '< 1%'/,
    ],
    [['sleeper', '1'], /missing required argument 'to'/],
    [['sleeper', '1', '2', '--settings'], /argument missing/],
    [['sleeper', '1', '2', '--jsn'], /unknown option '--jsn'/],
  ] as [string[], RegExp | string][]) {
    it(`are refused as in: ${args.join(' ')}`, async () => {
      await assert.rejects(parse(...args), { message });
    });
  }
});
