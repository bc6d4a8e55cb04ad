import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iq, queryElement } from './iq.ts';
import { NS } from './namespaces.ts';

/** The standing of a JID in a light room; `none` removes it. */
export type LightAffiliation = 'owner' | 'member' | 'none';

/** MongooseIM's light rooms, without presence (XEP "MUC light", urn:xmpp:muclight:0). */

/** Creates a room with its members (§ "Creating a new room"). */
export function create(
  room: string,
  configuration: Readonly<Record<string, string>>,
  members: Readonly<Record<string, LightAffiliation>> = {},
): Element {
  const fields = Object.entries(configuration).map(([name, value]) => xml(name, {}, value));
  return iq(
    'set',
    queryElement(
      `${NS.mucLight}#create`,
      xml('configuration', {}, ...fields),
      xml('occupants', {}, ...usersOf(members)),
    ),
    room,
  );
}

/** Asks for the configuration of a room. */
export function configuration(room: string, version = ''): Element {
  return iq('get', queryElement(`${NS.mucLight}#configuration`, xml('version', {}, version)), room);
}

/** Configures a room. */
export function configure(room: string, values: Readonly<Record<string, string>>): Element {
  const fields = Object.entries(values).map(([name, value]) => xml(name, {}, value));
  return iq('set', queryElement(`${NS.mucLight}#configuration`, ...fields), room);
}

/** Asks for the members of a room. */
export function affiliations(room: string, version = ''): Element {
  return iq('get', queryElement(`${NS.mucLight}#affiliations`, xml('version', {}, version)), room);
}

/** Adds, changes or removes members. */
export function setAffiliations(
  room: string,
  members: Readonly<Record<string, LightAffiliation>>,
): Element {
  return iq('set', queryElement(`${NS.mucLight}#affiliations`, ...usersOf(members)), room);
}

/** Destroys a room. */
export function destroy(room: string): Element {
  return iq('set', queryElement(`${NS.mucLight}#destroy`), room);
}

/** Asks for the rooms that the user is in. @param service `muclight.localhost` */
export function rooms(service: string): Element {
  return iq('get', queryElement(NS.discoItems), service);
}

function usersOf(members: Readonly<Record<string, LightAffiliation>>): Element[] {
  return Object.entries(members).map(([jid, affiliation]) => xml('user', { affiliation }, jid));
}
