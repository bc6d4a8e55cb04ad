/** Checks that several declared settings share: each returns `true`, or what is expected. */

/** At least `least`. */
export const atLeast =
  (least: number) =>
  (value: number): true | string =>
    value >= least || `${least} or more`;

/** One of some words. */
export const oneOf =
  (...values: string[]) =>
  (value: string): true | string =>
    values.includes(value) || `one of ${values.join(', ')}`;

/** A port, or 0. */
export const port = (value: number): true | string =>
  (Number.isInteger(value) && value >= 0 && value <= 65_535) || 'a port, or 0 for the default one';
