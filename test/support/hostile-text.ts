import assert from 'node:assert/strict';
import fc from 'fast-check';

/** Texts that would do something to what shows them. */
export const hostileTexts = [
  '\u001b]0;TITLE\u0007',
  '\u001b]52;c;UFdO\u0007',
  '\u001b[2J\u001b[1;1H\u001b[8mconcealed',
  '\u001b[31mred',
  '\u009b31m\u009d0;TITLE\u009c',
  '\u001bP+q\u001b\\',
  'a\rb\bc\u007fd\u0000e',
  'a\nb\r\nc\u0085d\u2028e\u2029f\u000bg\u000ch',
  '2026-11-27 00:00:00.000 [info] forged',
  'x\n2026-11-27 00:00:00.000 [info] forged second line',
  '\u202egnp.exe\u202c \u2066a\u2069 \u200e\u200f\u061c',
  'a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg\u180eh\u3164i\u115fj',
  '\ud800 \udc00 \udbff\ud800',
  '\ufffe\uffff\ufdd0\u{1fffe}\u{10ffff}',
  '\ue000\u{f0000}\u0378\u{e0041}\u{e0100}',
  '日本語\u0301 👩\u200d💻 ⚠\ufe0f',
  '"><img src=x onerror=alert(1)></script><script>alert(1)</script><!--]]>',
  '&amp;&#27;&#x9b;<![CDATA[x]]>\'"`\\',
  "=cmd|'/c calc'!A0",
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '＝1',
  'a,b;c"d""e\r\n=f',
  'g 1 1\namoc.injected.path 42 1700000000\nh',
  '../../etc/passwd',
  '..',
  '.',
  '',
  ' ',
  'NaN',
  '__proto__',
  'x'.repeat(5000),
] as const;

const pieces = fc.oneof(
  fc.constantFrom(...hostileTexts),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  // Halves of pairs, controls, and everything else below U+10000.
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 10 })
    .map((units) => String.fromCharCode(...units)),
);

/** Any text, likely one of {@link hostileTexts} or some of them together. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(pieces, { maxLength: 4 })
  .map((texts) => texts.join(''));

/**
 * A text may go to a terminal: it has nothing that steers it or hides, besides colours (where `colours`),
 * tabs and ends of lines.
 */
export function assertLegible(text: string, { colours = false } = {}): void {
  const bare = colours ? text.replace(/\u001b\[[\d;]*m/g, '') : text;
  const found = /[^\P{C}\n\t]|[\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u.exec(bare);
  if (found === null) return;
  const code = found[0].codePointAt(0)?.toString(16);
  assert.fail(
    `U+${code} in ${JSON.stringify(bare.slice(Math.max(0, found.index - 60), found.index + 60))}`,
  );
}
