import { RESTRICTED } from '../wire/frame-grammar.ts';

/** The condition of RFC 6120 §4.9.3 for bytes that the framer has refused. */
export function refusalOf({ message }: Error): string {
  if (message.includes('more than')) return 'policy-violation';
  return message.endsWith(RESTRICTED) ? 'restricted-xml' : 'not-well-formed';
}
