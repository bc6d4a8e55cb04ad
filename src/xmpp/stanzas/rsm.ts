import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { NS } from './namespaces.ts';

/** Which part of a long result is wanted (XEP-0059 §2). */
export interface Page {
  /** Results at most. */
  max?: number;
  /** Those after the result of that id. */
  after?: string;
  /** Those before the result of that id; an empty text for the last page. */
  before?: string;
  /** From that position on. */
  index?: number;
}

/** A request for one page (XEP-0059 §2). */
export function pageElement({ max, after, before, index }: Page): Element {
  const children: Element[] = [];
  if (max !== undefined) children.push(xml('max', {}, String(max)));
  if (after !== undefined) children.push(xml('after', {}, after));
  if (before !== undefined) children.push(xml('before', {}, before));
  if (index !== undefined) children.push(xml('index', {}, String(index)));
  return xml('set', { xmlns: NS.rsm }, ...children);
}
