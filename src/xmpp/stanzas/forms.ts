import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { NS } from './namespaces.ts';

/** Values of a form's fields by their names. */
export type FormValues = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** A data form that is submitted (XEP-0004 §3). @param formType the form's FORM_TYPE (XEP-0068) */
export function submit(values: FormValues, formType?: string): Element {
  const fields = Object.entries(values).map(([name, value]) => field(name, value));
  if (formType !== undefined) fields.unshift(field('FORM_TYPE', formType, 'hidden'));
  return xml('x', { xmlns: NS.forms, type: 'submit' }, ...fields);
}

/** A form that is cancelled (XEP-0004 §3.1). */
export function cancel(): Element {
  return xml('x', { xmlns: NS.forms, type: 'cancel' });
}

/** One field (XEP-0004 §3.2). */
export function field(name: string, value: FormValues[string], type?: string): Element {
  const values = Array.isArray(value) ? (value as readonly string[]) : [textOf(value)];
  return xml('field', { var: name, type }, ...values.map((each) => xml('value', {}, each)));
}

function textOf(value: FormValues[string]): string {
  return typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
}
