import type { Paint } from './paint.ts';

/** How a value prints at the prompt. */
const rendering = Symbol('rendering');

/** Makes a plain object print as people read it. The property is hidden: the value stays what it is. */
export function shown<T extends object>(value: T, render: (paint: Paint) => string): T {
  // Two who wait for one stop() are given the same value.
  Object.defineProperty(value, rendering, { value: render, enumerable: false, configurable: true });
  return value;
}

/** The text of a value that {@link shown} was told of; `undefined` for others. */
export function renderingOf(value: unknown, paint: Paint): string | undefined {
  if (typeof value !== 'object' || value === null || !(rendering in value)) return undefined;
  return (value[rendering] as (paint: Paint) => string)(paint);
}
