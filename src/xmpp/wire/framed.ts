/** The opening of a stream, as the wires without one give it to their owners (RFC 6120 §4.7). */
export function streamHeader(attributes: string): string {
  return `<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams"${attributes}>`;
}

/** Whether a text that is to be written opens a stream. */
export function isStreamHeader(text: string): boolean {
  return text.startsWith('<?xml') || text.startsWith('<stream:stream');
}

/** Whether a text that is to be written closes the stream. */
export function isStreamEnd(text: string): boolean {
  return text === '</stream:stream>';
}

/** A stanza outside of a stream names its namespace (RFC 7395 §3.3.3, XEP-0124 §7). */
export function withNamespace(text: string): string {
  const end = text.search(/[\s/>]/);
  const head = text.slice(0, text.indexOf('>'));
  if (end < 0 || / xmlns=/.test(head)) return text;
  return `${text.slice(0, end)} xmlns="jabber:client"${text.slice(end)}`;
}

/** The value of an attribute in a tag, as it stands there. */
export function attributeIn(tag: string, name: string): string | undefined {
  const match = new RegExp(`\\s${name}=(?:"([^"]*)"|'([^']*)')`).exec(tag);
  return match?.[1] ?? match?.[2];
}
