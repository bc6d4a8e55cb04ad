import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iq, queryElement } from './iq.ts';
import { submit } from './forms.ts';
import { NS } from './namespaces.ts';

/** Asks which fields can be searched (XEP-0055 §2.1). */
export function fields(service: string): Element {
  return iq('get', queryElement(NS.search), service);
}

/** Searches for people (XEP-0055 §2.1, or with a form §2.2). */
export function find(
  service: string,
  values: Readonly<Record<string, string>>,
  { form = false }: { form?: boolean } = {},
): Element {
  const inner = form
    ? [submit(values, NS.search)]
    : Object.entries(values).map(([name, value]) => xml(name, {}, value));
  return iq('set', queryElement(NS.search, ...inner), service);
}
