import type { Paint } from './paint.ts';

/** How values print at the prompt: beside them, so that they stay what they are. */
const renderings = new WeakMap<object, (paint: Paint) => string>();

/** Makes an object print as people read it. */
export function shown<T extends object>(value: T, render: (paint: Paint) => string): T {
  renderings.set(value, render);
  return value;
}

/**
 * The text of a value that {@link shown} was told of; `undefined` for others.
 *
 * @throws what the rendering throws: whoever typed something may have changed the value since
 */
export function renderingOf(value: unknown, paint: Paint): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return renderings.get(value)?.(paint);
}
