import { mechanisms } from './sasl.ts';
import { NS } from '../stanzas/namespaces.ts';

const offered = mechanisms.map((name) => `<mechanism>${name}</mechanism>`).join('');

/** What one can do before the login (RFC 6120 §4.3.2). */
export const loginFeatures =
  `<mechanisms xmlns='${NS.sasl}'>${offered}</mechanisms>` +
  `<register xmlns='http://jabber.org/features/iq-register'/>`;

/** What one can do after it. */
export const sessionFeatures =
  `<bind xmlns='${NS.bind}'/>` +
  `<session xmlns='${NS.session}'><optional/></session>` +
  `<sm xmlns='${NS.sm}'/>`;
