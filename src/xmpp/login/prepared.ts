import { AmocError } from '../../lib/errors.ts';

/** A text that no preparation changes. */
const PLAIN = /^[\x20-\x7e]*$/;
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * A user's name as it is sent: half-width and full-width letters become normal ones, and an umlaut is one
 * character (RFC 8265 §3.4, without the further checks of its server).
 *
 * @throws {AmocError} `CONFIG` for a control character
 */
export function preparedName(name: string): string {
  if (PLAIN.test(name)) return name;
  refuseControls(name, 'the name of a user');
  return name.replace(/[\uff01-\uffef]/g, (letter) => letter.normalize('NFKC')).normalize('NFC');
}

/**
 * A password as it is sent: each kind of space becomes the normal one, and an umlaut is one character (RFC
 * 8265 §4.2).
 *
 * @throws {AmocError} `CONFIG` for a control character
 */
export function preparedPassword(password: string): string {
  if (PLAIN.test(password)) return password;
  refuseControls(password, 'a password');
  return password.replace(/\p{Zs}/gu, ' ').normalize('NFC');
}

/**
 * A name or a password in SCRAM's form: SASLprep (RFC 5802 §5.1, RFC 4013), which RFC 8265 replaces and by
 * which ejabberd, prosody and MongooseIM store their keys.
 */
export async function saslPrepared(text: string): Promise<string> {
  if (PLAIN.test(text)) return text;
  // Tables of 30,000 characters, which are loaded only when they are needed.
  const { default: saslprep } = await import('@mongodb-js/saslprep');
  try {
    return saslprep(text, { allowUnassigned: true });
  } catch {
    // The server judges a text that SASLprep has no form for.
    return text;
  }
}

function refuseControls(text: string, what: string): void {
  const found = CONTROLS.exec(text)?.[0];
  if (found === undefined) return;
  const code = found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  throw new AmocError(
    'CONFIG',
    `${what} has the control character U+${code}, which RFC 8265 forbids; see xmppUser and xmppPassword`,
  );
}
