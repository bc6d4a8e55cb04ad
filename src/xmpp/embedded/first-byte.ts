import type { Socket } from 'node:net';

/** The protocol of a client, recognised by the first byte that it sends. */
export type Protocol = 'tls' | 'http' | 'xmpp';

/** A record of a TLS handshake (RFC 8446 §5.1). */
const TLS_HANDSHAKE = 0x16;
/** The first letter of `GET`, with which a WebSocket begins (RFC 6455 §4.1). */
const G = 0x47;

/** Waits for the first byte of a connection and leaves it unread, so that one port serves all protocols. */
export function whenSpoken(socket: Socket, tell: (protocol: Protocol) => void): void {
  const ignore = (): void => {};
  socket.on('error', ignore);
  socket.once('data', (bytes) => {
    socket.pause();
    socket.unshift(bytes);
    socket.off('error', ignore);
    const [first] = bytes;
    tell(first === TLS_HANDSHAKE ? 'tls' : first === G ? 'http' : 'xmpp');
  });
}
