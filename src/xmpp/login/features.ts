import type { Element } from '../element.ts';
import { NS } from '../stanzas/namespaces.ts';

/** Bind 2 would switch stream management on by itself (XEP-0386 §3). */
export function withoutInlineSm(features: Element): void {
  const inline = features
    .getChild('authentication', NS.sasl2)
    ?.getChild('inline')
    ?.getChild('bind', NS.bind2)
    ?.getChild('inline');
  if (inline === undefined) return;
  inline.children = inline.children.filter(
    (child) => typeof child === 'string' || child.attrs['var'] !== NS.sm,
  );
}
