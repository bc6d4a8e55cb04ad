import { documentText } from './foreign-text.ts';

/**
 * Text as HTML and XML have it, in elements and in attributes with double quotes. Characters that XML 1.0
 * does not have, other controls and those that turn the direction of text are `·`.
 */
export function escapeMarkup(text: string): string {
  return documentText(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

/** The same for an attribute of XML: a reader makes blanks of ends of lines and tabs that are not escaped. */
export function escapeAttribute(text: string): string {
  return escapeMarkup(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');
}
