import { escapeXml } from './element.ts';
import type { Element } from './element.ts';
import { putStamp, STAMP_PIECES } from './ids.ts';

/** Fills a {@link template} in. */
export type Template<Field extends string> = (
  values: Readonly<Record<Field, string | number>>,
) => string;

/**
 * A stanza whose text is made once, for stanzas that differ in a few fields: a fifth of the cost of building
 * each. Each `{field}` in it, in a text or in an attribute, is replaced by the value of that name, escaped.
 * Its id, if it has one, is replaced by a new id that carries the time, as `chatTo` makes it.
 *
 * ```ts
 * const chat = template<'to' | 'body'>(chatTo('{to}', '{body}'));
 * session.send(chat({ to: user.jidOf(7), body: 'hello' }));
 * ```
 */
export function template<Field extends string>(stanza: Element | string): Template<Field> {
  if (typeof stanza !== 'string' && stanza.attrs['id'] !== undefined) stanza.attrs['id'] = '{id}';
  const pieces: string[] = [];
  const fields: { name: Field; at: number }[] = [];
  stanza
    .toString()
    .split(/\{([A-Za-z_][A-Za-z0-9_]*)\}/)
    .forEach((part, index) => {
      // Every odd part is the name of a field.
      if (index % 2 === 0) {
        pieces.push(part);
        return;
      }
      fields.push({ name: part as Field, at: pieces.length });
      pieces.push(...new Array<string>(part === 'id' ? STAMP_PIECES : 1).fill(''));
    });
  return (values) => {
    for (const { name, at } of fields) {
      const value = values[name] as string | number | undefined;
      if (name !== 'id') pieces[at] = value === undefined ? '' : escapeXml(String(value));
      else if (value === undefined) putStamp(pieces, at);
      else {
        pieces.fill('', at, at + STAMP_PIECES);
        pieces[at] = escapeXml(String(value));
      }
    }
    // Joined at once: adding piece by piece makes an object for each piece, which is put together later.
    return pieces.join('');
  };
}
