import { MessageChannel } from 'node:worker_threads';

let nowhere: MessagePort | undefined;

type MessagePort = MessageChannel['port1'];

/**
 * Gives the memory of a buffer back at once, where a garbage collection would come too late. Code that still has
 * the buffer sees it empty. A buffer that shares its memory with others, as small buffers do, is left alone.
 */
export function freeMemory({ buffer, byteLength }: Buffer): void {
  if (!(buffer instanceof ArrayBuffer) || byteLength < buffer.byteLength) return;
  nowhere ??= closedPort();
  // Transferred memory belongs to the message, and no port receives this message.
  nowhere.postMessage(undefined, [buffer]);
}

function closedPort(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  return port1;
}
