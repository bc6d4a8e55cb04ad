import { mechanisms } from './sasl.ts';
import { NS } from '../stanzas/namespaces.ts';

const offered = mechanisms.map((name) => `<mechanism>${name}</mechanism>`).join('');

/** Features before the login (RFC 6120 §4.3.2, XEP-0388 §2.2, XEP-0386 §3). */
export const loginFeatures =
  `<mechanisms xmlns='${NS.sasl}'>${offered}</mechanisms>` +
  `<authentication xmlns='${NS.sasl2}'>${offered}<inline>` +
  `<bind xmlns='${NS.bind2}'><inline><feature var='${NS.sm}'/></inline></bind>` +
  `<sm xmlns='${NS.sm}'/></inline></authentication>` +
  `<register xmlns='http://jabber.org/features/iq-register'/>`;

/** Features once a resource is bound. */
export const boundFeatures = `<sm xmlns='${NS.sm}'/><csi xmlns='${NS.csi}'/>`;

/** Features after the login. */
export const sessionFeatures = `<bind xmlns='${NS.bind}'/><session xmlns='${NS.session}'><optional/></session>${boundFeatures}`;
