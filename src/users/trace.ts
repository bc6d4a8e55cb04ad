import type { Watcher } from '../drivers/mod.ts';

/** Longer texts are cut in a trace. */
const MAX_SHOWN = 4000;

/**
 * A watcher that gives each text that a user sends or receives to `tell`, as a line.
 *
 * @param mask takes the secrets out of a text
 */
export function tracer(
  mask: (text: string) => string,
  tell: (line: string, direction: 'in' | 'out') => void,
): Watcher {
  return (direction, text) => {
    const masked = mask(text);
    const cut =
      masked.length > MAX_SHOWN ? `${masked.slice(0, MAX_SHOWN)}… (${text.length})` : masked;
    tell(`${direction === 'out' ? 'sent' : 'got '} ${cut}`, direction);
  };
}
