import { StreamFault } from '../wire/frame-grammar.ts';

/** The stream error condition (RFC 6120 §4.9.3) for bytes that the framer has refused. */
export function refusalOf(error: Error): string {
  return error instanceof StreamFault ? error.condition : 'not-well-formed';
}
