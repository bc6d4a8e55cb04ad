/** The condition of RFC 6120 §4.9.3 for bytes that the framer has refused. */
export function refusalOf({ message }: Error): string {
  if (message.includes('more than')) return 'policy-violation';
  return message.includes('document type definition') ? 'restricted-xml' : 'not-well-formed';
}

/** Whether an element has a comment or a processing instruction in it (RFC 6120 §11.1). */
export function hasRestrictedXml(text: string): boolean {
  if (!text.includes('<!--') && !text.includes('<?')) return false;
  return /<!--|<\?/.test(text.replace(/<!\[CDATA\[.*?\]\]>/gs, ''));
}
