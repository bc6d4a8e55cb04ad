import { AmocError } from '../../lib/errors.ts';
import { quote } from '../../lib/text/quote.ts';

/** Reads an absolute URL of HTTP; `undefined` for any other text. */
export function readHttpUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  return isHttp && url.hostname !== '' ? url : undefined;
}

/**
 * The URL of a request.
 *
 * @param base the setting `httpBase`; may be empty
 * @throws {AmocError} `ARGUMENT` for a text that is no URL of HTTP, or is relative where there is no base
 */
export function resolveUrl(given: string | URL, base: string): URL {
  const text = String(given);
  const absolute = readHttpUrl(text);
  if (absolute !== undefined) return absolute;
  const hasScheme = /^[a-z][a-z0-9+.-]*:/i.test(text);
  if (base === '' && !hasScheme) {
    throw new AmocError(
      'ARGUMENT',
      `http: the URL ${shown(text)} is relative, and no base is set; set httpBase (AMOC_HTTP_BASE), or give a URL with http:// or https://`,
    );
  }
  const resolved = hasScheme || !URL.canParse(text, base) ? undefined : new URL(text, base);
  if (resolved !== undefined) return resolved;
  throw new AmocError(
    'ARGUMENT',
    `http: invalid URL ${shown(text)}; it must begin with http:// or https://, or belong to httpBase`,
  );
}

/** A text that is no URL may have secrets where one would. */
function shown(text: string): string {
  return quote(text.replace(/\/\/[^/]*@/, '//***@').replace(/[?#].*$/s, '?…'));
}

/** A URL as errors and logs show it: without user, password, query and fragment, which may be secrets. */
export function placeOf({ origin, pathname }: URL): string {
  return origin + pathname;
}
