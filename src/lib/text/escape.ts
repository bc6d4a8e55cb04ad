import { documentText } from './foreign-text.ts';

/**
 * Text in a form for HTML and XML, in elements and in attributes with double quotes. Characters that XML 1.0
 * does not allow, other controls and those that turn the direction of text become `·`.
 */
export function escapeMarkup(text: string): string {
  return documentText(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

/** The same for an attribute of XML: a parser turns unescaped ends of lines and tabs into blanks. */
export function escapeAttribute(text: string): string {
  return escapeMarkup(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');
}
