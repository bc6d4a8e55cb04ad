/** What the commands of amoc use of this room. What scenarios use is in `src/index.ts`. */
export { accountFiles, accountServers } from './account-files.ts';
export type { AccountServer } from './account-files.ts';
export { startEmbeddedServer } from './embedded/server.ts';
export { xmppVariables } from './settings.ts';
export type { XmppSettings } from './settings.ts';
export { domainOf, nameOf, passwordOf } from './user/target.ts';
