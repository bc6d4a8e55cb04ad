/** What a scenario imports: `import { chatTo, type User } from 'amoc'`. */
export type { User } from './users/user.ts';
export type { UserConnectOptions } from './users/target.ts';
export type { Json, Log, RunContext } from './scenario/contract.ts';
export type { Scenario } from './scenario/contract.ts';
export type { SettingsOf, Variable, Variables } from './config/variable.ts';
export type { Duration } from './lib/duration.ts';
export type { Random } from './lib/random.ts';
export { toMs } from './lib/duration.ts';
export { AmocError } from './lib/errors.ts';
export { ConnectError, SessionLost, StanzaError, StanzaTimeout } from './xmpp/errors.ts';
export type { Session, StanzaWait } from './xmpp/session.ts';
export type { Element, Stanza } from './xmpp/stanza.ts';
export { stanzaId, xml } from './xmpp/stanza.ts';
export * from './xmpp/builders.ts';
export * from './xmpp/predicates.ts';
