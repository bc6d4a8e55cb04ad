import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { errorLine, errorText } from '../../../src/console/shell/error-text.ts';
import { shown } from '../../../src/console/views/shown.ts';
import { paintOf } from '../../../src/console/views/paint.ts';
import { valueText } from '../../../src/console/shell/value-text.ts';
import { AmocError } from '../../../src/lib/errors.ts';

const paint = paintOf(0);
const fail = (): never => {
  throw new Error('a trap');
};
/** Fails whatever is done with it. */
const trap = new Proxy(
  {},
  Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((name) => [name, fail])),
);
const gone = Proxy.revocable({}, {});
gone.revoke();

/** An error with other properties than errors have. */
const odd = (properties: object): Error =>
  Object.defineProperties(new Error('x'), Object.getOwnPropertyDescriptors(properties));

describe('what was thrown', () => {
  const circle = odd({ message: 'one' });
  circle.cause = odd({ message: 'two', cause: circle });
  for (const [what, error, text] of [
    ['an error', new TypeError('of this kind'), '** TypeError: of this kind'],
    ['one of amoc', new AmocError('ARGUMENT', 'add: no'), '** error: add: no'],
    ['one without a message', new RangeError(), '** RangeError'],
    ['a number', 5, '** error: a value was thrown: 5'],
    ['null', null, '** error: a value was thrown: null'],
    ['undefined', undefined, '** error: a value was thrown: undefined'],
    ['a symbol', Symbol('s'), '** error: a value was thrown: Symbol(s)'],
    ['a name that is a symbol', odd({ name: Symbol('n') }), '** Symbol(n): x'],
    ['a name that is a number', odd({ name: 5 }), '** 5: x'],
    ['a message that is a symbol', odd({ message: Symbol('m') }), '** Error: Symbol(m)'],
    ['a message that is none', odd({ message: undefined }), '** Error'],
    ['a message that is an object', odd({ message: { a: 1 } }), '** Error: { a: 1 }'],
    [
      'a name that fails',
      odd({
        get name() {
          return fail();
        },
      }),
      '** Error: x',
    ],
    [
      'a message that fails',
      odd({
        get message() {
          return fail();
        },
      }),
      '** Error',
    ],
    [
      'an object without prototype',
      Object.create(null),
      '** error: a value was thrown: [Object: null prototype] {}',
    ],
    ['a proxy that fails', trap, '** error: a value was thrown: {}'],
    ['a proxy that is revoked', gone.proxy, '** error: a value was thrown: <Revoked Proxy>'],
    ['several lines', new Error('one\ntwo'), '** Error: one\n   two'],
    ['what steers a terminal', new Error('a\u001b[2Jb\rc\u009bd'), '** Error: a·[2Jb·c·d'],
    [
      'causes',
      new Error('one', { cause: new Error('two', { cause: 'three' }) }),
      "** Error: one\n   caused by Error: two\n   caused by error: a value was thrown: 'three'",
    ],
    ['causes in a circle', circle, '** Error: one\n   caused by Error: two'],
    [
      'a cause that is itself',
      odd({
        get cause() {
          return this;
        },
      }),
      '** Error: x',
    ],
    [
      'a cause of amoc’s, which says it itself',
      new AmocError('FILE', 'it says why', { cause: new Error('why') }),
      '** error: it says why',
    ],
    [
      'several errors',
      new AggregateError([new Error('a'), 5], 'both'),
      '** AggregateError: both\n   - Error: a\n   - error: a value was thrown: 5',
    ],
    [
      'several errors without a message',
      new AggregateError([new Error('a')]),
      '** AggregateError\n   - Error: a',
    ],
    ['errors that are no list', odd({ errors: 5 }), '** Error: x'],
    [
      'a command without its cluster',
      new ReferenceError('users is not defined'),
      '** ReferenceError: users is not defined; did you mean amocLocal.users()?',
    ],
    [
      'a command that is misspelt',
      new ReferenceError('statsu is not defined'),
      '** ReferenceError: statsu is not defined; did you mean amocLocal.status()?',
    ],
    [
      'a function that is misspelt',
      new ReferenceError('halp is not defined'),
      '** ReferenceError: halp is not defined; did you mean help()?',
    ],
    [
      'a cluster that is misspelt',
      new ReferenceError('amoclocal is not defined'),
      '** ReferenceError: amoclocal is not defined; did you mean amocLocal?',
    ],
    [
      'a name that is like nothing',
      new ReferenceError('zzzzzz is not defined'),
      '** ReferenceError: zzzzzz is not defined',
    ],
  ] as [string, unknown, string][]) {
    it(`has a text: ${what}`, () => {
      assert.equal(errorText(error, paint), text);
      assert.doesNotMatch(errorLine(error), /\n/);
    });
  }

  it('has a text that ends', () => {
    const text = errorText(new Error('m'.repeat(3e6)), paint);
    assert.ok(text.length < 10_000);
    assert.match(text, /m\n {3}… [\d,]+ more characters$/);
    const name = errorText(odd({ name: 'n'.repeat(3e6) }), paint);
    assert.ok(name.length < 10_000);
    const many = new AggregateError(
      Array.from({ length: 1000 }, () => new Error('e')),
      'many',
    );
    assert.match(errorText(many, paint), /\n {3}… 995 more errors$/);
    assert.ok(
      errorText({ text: 'x'.repeat(3e6), list: new Array(1e6).fill('y'.repeat(100)) }, paint)
        .length < 3000,
    );
  });
});

describe('a value', () => {
  const custom = { [inspect.custom]: fail, a: 1 };
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  for (const [what, value, text] of [
    ['a proxy that fails', trap, '{}'],
    ['a proxy that is revoked', gone.proxy, '<Revoked Proxy>'],
    ['one in a circle', cycle, '<ref *1> { self: [Circular *1] }'],
    [
      'a name of its kind that fails',
      {
        get [Symbol.toStringTag]() {
          return fail();
        },
      },
      '[a value that throws when it is inspected]',
    ],
    [
      'a getter that fails',
      {
        get a() {
          return fail();
        },
      },
      '{ a: [Getter] }',
    ],
    ['toString that fails', { toString: fail }, '{ toString: [Function: fail] }'],
    ['one without prototype', Object.create(null), '[Object: null prototype] {}'],
    ['one that was changed since', shown({ a: 1 }, fail), '{ a: 1 }'],
  ] as [string, unknown, string][]) {
    it(`is shown: ${what}`, () => assert.equal(valueText(value, paint), text));
  }

  it('is shown: one whose own way of being shown fails', () => {
    assert.match(valueText(custom, paint), /^\{\n? *a: 1,/);
  });

  it('is shown within bounds, with a note of what is not', () => {
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`key${at}`, at]));
    assert.match(valueText(wide, paint), /key999: 999\n\}\n… 99,000 more properties$/);
    assert.match(valueText({ wide }, paint), /^\{ wide: \[Object\] \}$/);
    const texts = Array.from({ length: 100 }, () => 'x'.repeat(9000));
    assert.match(valueText(texts, paint), /x\n… [\d,]+ more characters$/);
    assert.match(valueText('x'.repeat(5e6), paint), /^'x+'\.\.\. 4990000 more characters$/);
    assert.match(valueText(new Array(1e6).fill(0), paint), /999900 more items/);
    const deep = (levels: number): unknown[] =>
      Array.from({ length: 100 }, () => (levels > 0 ? deep(levels - 1) : 0));
    const nested = deep(2);
    for (const value of [wide, nested, [nested, nested, nested], new Map([[wide, wide]])]) {
      assert.ok(valueText(value, paint).length < 110_000);
    }
    for (const loud of [
      { [inspect.custom]: () => 'x'.repeat(5e6) },
      shown({}, () => 'y'.repeat(5e6)),
    ]) {
      assert.match(valueText(loud, paint), /\n… 4,900,000 more characters$/);
    }
  });
});
