import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { NS } from '../stanzas/namespaces.ts';

const LONGEST = 1023;
const FORM_TYPE = 'http://jabber.org/protocol/muc#roomconfig';

/** What the owner of a room can set (XEP-0045 §15.5.3). */
export interface RoomSettings {
  roomname: string;
  /** The room stays when it is empty. */
  persistentroom: boolean;
  /** The service lists the room. */
  publicroom: boolean;
  /** Every occupant may change the subject. */
  changesubject: boolean;
  passwordprotectedroom: boolean;
  roomsecret: string;
}

/** The settings of a room that was created by entering it. */
export const usualSettings: RoomSettings = {
  roomname: '',
  persistentroom: false,
  publicroom: true,
  changesubject: false,
  passwordprotectedroom: false,
  roomsecret: '',
};

/** Settings that other servers offer and this one does not. */
const refused: Readonly<Record<string, string>> = {
  membersonly: 'rooms for members only',
  moderatedroom: 'moderated rooms',
};

/** The form with the current settings (XEP-0045 §10.2). */
export function settingsForm(settings: RoomSettings): Element {
  const fields = Object.entries(settings).map(([name, value]: [string, string | boolean]) => {
    const type = typeof value === 'boolean' ? 'boolean' : 'text-single';
    const text = typeof value === 'boolean' ? String(Number(value)) : value;
    return field(`muc#roomconfig_${name}`, type, text);
  });
  const title = xml('title', {}, 'Settings of the room');
  const kind = field('FORM_TYPE', 'hidden', FORM_TYPE);
  return xml('x', { xmlns: NS.forms, type: 'form' }, title, kind, ...fields);
}

/** The current settings with the changes that a form asks for; or what it asks for and the server lacks. */
export function settingsOf(form: Element, before: RoomSettings): RoomSettings | { lacks: string } {
  const settings: RoomSettings = { ...before };
  for (const asked of form.getChildren('field')) {
    const name = String(asked.attrs['var'] ?? '').replace('muc#roomconfig_', '');
    const text = (asked.getChildText('value') ?? '').slice(0, LONGEST);
    const isOn = text === '1' || text === 'true';
    if (isOn && Object.hasOwn(refused, name)) return { lacks: refused[name] as string };
    if (!isSetting(name)) continue;
    Object.assign(settings, { [name]: typeof settings[name] === 'boolean' ? isOn : text });
  }
  return settings;
}

function isSetting(name: string): name is keyof RoomSettings {
  return Object.hasOwn(usualSettings, name);
}

function field(name: string, type: string, value: string): Element {
  return xml('field', { var: name, type }, xml('value', {}, value));
}
