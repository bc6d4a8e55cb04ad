import { unescapeXML } from 'ltx';

/** Text with the line ends that XML prescribes (XML 1.0 §2.11). */
export function lineEnds(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

/**
 * The meaning of a text between tags: references are replaced, and each line end is one character.
 *
 * @throws {Error} for a reference to a character that XML forbids, or to an entity other than XML's own five
 */
export function contentText(text: string): string {
  return unescapeXML(lineEnds(text));
}

/**
 * The meaning of an attribute's value: as {@link contentText}, with a space for each tab and each line end
 * (XML 1.0 §3.3.3).
 *
 * @throws {Error} as {@link contentText} does
 */
export function attributeText(text: string): string {
  if (!/[&\t\n\r]/.test(text)) return text;
  return unescapeXML(text.replace(/\r\n|[\t\n\r]/g, ' '));
}

/** Whether a text can be the name of an element or of an attribute (XML 1.0 §2.3). */
export function isXmlName(text: string): boolean {
  return USUAL_NAME.test(text) || NAME.test(text);
}

const USUAL_NAME = /^[A-Za-z_:][\w:.-]*$/;
const START =
  ':A-Z_a-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}';
const NAME = new RegExp(`^[${START}][${START}\\-.0-9\\u00b7\\u0300-\\u036f\\u203f\\u2040]*$`, 'u');
