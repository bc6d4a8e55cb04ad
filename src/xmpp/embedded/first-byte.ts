import type { Socket } from 'node:net';

/** What a client speaks, by the first byte that it sends. */
export type Protocol = 'tls' | 'http' | 'xmpp';

/** A record of a TLS handshake (RFC 8446 §5.1). */
const TLS_HANDSHAKE = 0x16;
/** `GET`, as a WebSocket begins (RFC 6455 §4.1). */
const G = 0x47;

/** Waits for the first byte of a connection, and leaves it there: so one port serves all. */
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
