/** The tag that opens a stream, as wires without one give it to their owners (RFC 6120 §4.7). */
export function streamHeader(attributes: string): string {
  return `<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams"${attributes}>`;
}

/** Whether an outgoing text opens a stream. */
export function isStreamHeader(text: string): boolean {
  return text.startsWith('<?xml') || text.startsWith('<stream:stream');
}

/** Whether an outgoing text closes the stream. */
export function isStreamEnd(text: string): boolean {
  return text === '</stream:stream>';
}

/** A stanza outside a stream declares its namespace (RFC 7395 §3.3.3, XEP-0124 §7). */
export function withNamespace(text: string): string {
  const end = text.search(/[\s/>]/);
  if (end < 0 || hasNamespace(text)) return text;
  return `${text.slice(0, end)} xmlns="jabber:client"${text.slice(end)}`;
}

/** Text that was written by hand may have any white space, and a `>` in an attribute. */
function hasNamespace(text: string): boolean {
  const close = text.indexOf('>');
  const head = text.slice(0, close);
  if (!head.includes('xmlns') && !/["'][^"']*$/.test(head)) return false;
  const tag = FIRST_TAG.exec(text)?.[0] ?? head;
  return /\sxmlns\s*=/.test(tag.replace(/"[^"]*"|'[^']*'/g, '""'));
}

const FIRST_TAG = /^<(?:[^>"']|"[^"]*"|'[^']*')*/;

/** The value of an attribute in a tag, unchanged. */
export function attributeIn(tag: string, name: string): string | undefined {
  const match = new RegExp(`\\s${name}=(?:"([^"]*)"|'([^']*)')`).exec(tag);
  return match?.[1] ?? match?.[2];
}
