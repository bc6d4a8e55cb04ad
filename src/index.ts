/** Everything that a scenario can import from amoc: `import { chatTo, type User } from 'amoc'`. */
import type { DriverMembers } from './app/drivers.ts';
import type { Variables } from './config/variable.ts';
import type { User as UserOfEngine } from './users/user.ts';

/**
 * One user, as `start(id, user)` sees it. Every wait on it rejects with `UserRemoved` when the user is
 * removed by force; everything that it opened is closed at the end of each `start`.
 */
export interface User<V extends Variables = Variables> extends UserOfEngine<V>, DriverMembers {}

export type { UserConnectOptions } from './xmpp/user/target.ts';
export type { XmppUser } from './xmpp/user/facet.ts';
export { HttpError } from './drivers/http/http-error.ts';
export type { HttpFailure } from './drivers/http/http-error.ts';
export type { HttpRequestOptions, HttpUser } from './drivers/http/facet.ts';
export type { HttpResponse } from './drivers/http/response.ts';
export type { Files, Json, Log, RunContext } from './scenario/contract.ts';
export type { Scenario } from './scenario/contract.ts';
export type { SettingsOf, Variable, Variables } from './config/variable.ts';
export type { Duration } from './lib/time/duration.ts';
export type { Random } from './lib/ids/random.ts';
export { toMs } from './lib/time/duration.ts';
export { AmocError } from './lib/errors.ts';
export {
  ConnectError,
  SendBufferFull,
  SessionLost,
  StanzaError,
  StanzaTimeout,
} from './xmpp/errors.ts';
export type { Session } from './xmpp/session/session.ts';
export type { Reconnected, SendPolicy, StanzaWait, Watcher } from './xmpp/session/session-parts.ts';
export type { ReconnectPolicy } from './xmpp/connect-options.ts';
export type { Resumption } from './xmpp/session/stream-management.ts';
export { Stanza } from './xmpp/stanza.ts';
export type { Element, Outgoing } from './xmpp/element.ts';
export { escapeXml, parseElement, xml } from './xmpp/element.ts';
export { stampedId, stanzaId } from './xmpp/ids.ts';
export { template } from './xmpp/template.ts';
export type { Template } from './xmpp/template.ts';
export * from './xmpp/stanzas/index.ts';
export * from './xmpp/predicates.ts';
export { joinRoom } from './xmpp/helpers/rooms.ts';
export type { JoinedRoom } from './xmpp/helpers/rooms.ts';
export { readArchive, readArchivePage } from './xmpp/helpers/archive.ts';
export type {
  ArchivedMessage,
  ArchiveOptions,
  ArchivePage,
  ArchivePageOptions,
} from './xmpp/helpers/archive.ts';
export { uploadFile } from './xmpp/helpers/upload.ts';
export type { UploadedFile, UploadSlot, UploadTimer } from './xmpp/helpers/upload.ts';
export { capabilities } from './xmpp/capabilities.ts';
export type { Capabilities, CapabilityOptions, Identity } from './xmpp/capabilities.ts';
export { answerPushes, befriend } from './xmpp/helpers/friends.ts';
export { handle } from './xmpp/helpers/handlers.ts';
export type {
  HandleOptions,
  StanzaAction,
  StanzaHandler,
  UnhandledLog,
} from './xmpp/helpers/handlers.ts';
export { bareJid } from './xmpp/jid.ts';
export { domainGroup } from './xmpp/user/domain-group.ts';
export type { DomainGroup } from './xmpp/user/domain-group.ts';
export type { TimetableEntry } from './users/timetable.ts';
export { story } from './xmpp/user/story.ts';
export type { StoryOptions } from './xmpp/user/story.ts';
export type { ReconnectOptions, UserComponentOptions } from './xmpp/user/target.ts';
