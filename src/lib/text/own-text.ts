/**
 * Copies a text into memory of its own. V8 lets a substring point into its parent: a JID of 40 characters that is
 * kept for the life of a session would keep the server's complete answer alive.
 */
export function ownText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
