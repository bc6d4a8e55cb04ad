import { boundedJson } from './bounded-json.ts';

/** A value as an error message quotes it: as JSON where JSON can express it, at most 200 characters. */
export function quote(value: unknown): string {
  const text = textOf(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function textOf(value: unknown): string {
  switch (typeof value) {
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    case 'bigint':
      return `${value}n`;
    case 'number':
    case 'undefined':
      return String(value);
    default:
      return JSON.stringify(boundedJson(value, { depth: 8, values: 100, characters: 300 }));
  }
}
