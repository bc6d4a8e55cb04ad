import type { Paint } from './paint.ts';

/** How values print at the prompt; kept apart from the values, which stay unchanged. */
const renderings = new WeakMap<object, (paint: Paint) => string>();

/** Gives an object a text for people to read at the prompt. */
export function shown<T extends object>(value: T, render: (paint: Paint) => string): T {
  renderings.set(value, render);
  return value;
}

/**
 * The text that {@link shown} has given to a value; `undefined` for other values.
 *
 * @throws whatever the rendering throws: typed code may have changed the value since
 */
export function renderingOf(value: unknown, paint: Paint): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return renderings.get(value)?.(paint);
}
