import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iq, queryElement } from './iq.ts';
import { NS } from './namespaces.ts';

/** Asks which fields a registration needs (XEP-0077 §3.1). */
export function registrationFields(): Element {
  return iq('get', queryElement(NS.register));
}

/** Registers an account in-band (XEP-0077 §3.1). */
export function registerAccount(
  username: string,
  password: string,
  fields: Readonly<Record<string, string>> = {},
): Element {
  const all = Object.entries({ username, password, ...fields });
  return iq('set', queryElement(NS.register, ...all.map(([name, value]) => xml(name, {}, value))));
}

/** Cancels the account that is logged in (XEP-0077 §3.2). */
export function removeAccount(): Element {
  return iq('set', queryElement(NS.register, xml('remove')));
}

/** Changes the password of the account that is logged in (XEP-0077 §3.3). */
export function changePassword(username: string, password: string): Element {
  return registerAccount(username, password);
}
