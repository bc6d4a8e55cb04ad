import type { Element } from '../element.ts';
import type { Predicate } from './predicate.ts';

/** A stanza with a form field of that type, anywhere in it (XEP-0004 §3.3). */
export function hasFieldWithType(name: string, type: string): Predicate {
  return ({ element }) =>
    fieldsOf(element).some(({ attrs }) => attrs['var'] === name && attrs['type'] === type);
}

/** A stanza with a form field of that value, anywhere in it (XEP-0004 §3.2). */
export function hasFieldValue(name: string, value: string): Predicate {
  return ({ element }) =>
    fieldsOf(element).some(
      (field) =>
        field.attrs['var'] === name &&
        field.getChildren('value').some((each) => each.text() === value),
    );
}

function fieldsOf(element: Element): Element[] {
  return element
    .getChildElements()
    .flatMap((child) => (child.name === 'field' ? [child] : fieldsOf(child)));
}
