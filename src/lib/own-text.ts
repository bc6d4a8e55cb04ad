/**
 * The same text in memory of its own. V8 makes a part of a text point into the whole: kept for the life of a
 * session, a JID of 40 characters keeps the answer of the server that it was in.
 */
export function ownText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
