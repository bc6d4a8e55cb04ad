import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parse } from 'parse5';
import type { DefaultTreeAdapterTypes } from 'parse5';
import { renderReport } from '../../src/report/html.ts';
import { makeTimeline } from '../../src/report/timeline.ts';
import { hostileRun } from '../support/hostile-run.ts';
import { hostileText } from '../support/hostile-text.ts';
import { ROOT } from '../support/root.ts';

/** A page as a browser has it: its elements with their attributes' names in order, and its texts. */
function outlineOf(html: string): { elements: string[]; scripts: string[]; errors: string[] } {
  const errors: string[] = [];
  const elements: string[] = [];
  const scripts: string[] = [];
  const visit = (node: DefaultTreeAdapterTypes.Node): void => {
    if ('tagName' in node) {
      elements.push(`${node.tagName} ${node.attrs.map(({ name }) => name).join(' ')}`.trim());
      if (node.tagName === 'script') {
        scripts.push(
          node.childNodes.map((child) => ('value' in child ? child.value : '')).join(''),
        );
      }
    }
    if (node.nodeName === '#comment') elements.push('a comment');
    if ('childNodes' in node) for (const child of node.childNodes) visit(child);
  };
  visit(parse(html, { onParseError: ({ code }) => errors.push(code) }));
  return { elements, scripts, errors };
}

describe('the page of a run', () => {
  it('has no element, attribute or script that comes from its data', () => {
    const plain = outlineOf(renderReport(hostileRun('plain').recorded, ROOT));
    assert.deepEqual(plain.errors, []);
    fc.assert(
      fc.property(hostileText, (text) => {
        const { recorded } = hostileRun(text);
        const html = renderReport(recorded, ROOT);
        assert.equal(Buffer.from(html).toString(), html);
        const { elements, scripts, errors } = outlineOf(html);
        assert.deepEqual(errors, []);
        assert.deepEqual(elements, plain.elements);
        const [data = '', ...code] = scripts;
        assert.deepEqual(code, plain.scripts.slice(1));
        const { timeline } = JSON.parse(data) as { timeline: unknown };
        const expected = JSON.parse(JSON.stringify(makeTimeline(recorded.seconds))) as unknown;
        assert.deepEqual(timeline, expected);
      }),
      { numRuns: 60 },
    );
  });

  it('shows text in the direction in which it was written, and nothing that is hidden by a control', () => {
    const html = renderReport(hostileRun('a\u202eb\u2066c\u001b[31md\u0085e').recorded, ROOT);
    assert.match(html, /a·b·c·\[31md·e/);
    assert.doesNotMatch(html, /[^\P{Cc}\n\t\r]|\p{Bidi_Control}/u);
  });
});
