import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { NS } from './namespaces.ts';

/** Which part of a long result to ask for (XEP-0059 §2). */
export interface Page {
  /** Maximum number of results. */
  max?: number;
  /** Results after the one with that id. */
  after?: string;
  /** Results before the one with that id; an empty text for the last page. */
  before?: string;
  /** Results from that position on. */
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
