import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

const header = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='localhost' id='1' version='1.0'>`;
const login = `<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>`;
const success = `<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`;
const bind = `<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>`;

/** How far a server plays along before its fault. */
export type Stage = 'connect' | 'stream' | 'features' | 'login' | 'bind' | 'session';

/** What it does then. */
export type Fault = (socket: Socket) => void;

/** A server that plays along up to a stage, and then does something wrong. */
export async function startFaultyServer(
  stage: Stage,
  fault: Fault,
): Promise<AsyncDisposable & { port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.setEncoding('utf8');
    // Without a reader the end of the other side is never seen.
    socket.resume();
    play(socket, stage, fault);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function play(socket: Socket, stage: Stage, fault: Fault): void {
  let isAuthenticated = false;
  let isOver = false;
  const at = (reached: Stage): boolean => {
    if (isOver) return true;
    if (reached !== stage) return false;
    isOver = true;
    fault(socket);
    return true;
  };
  if (at('connect')) return;
  socket.on('data', (data) => {
    const text = String(data);
    if (text.includes('<stream:stream')) {
      if (isAuthenticated) {
        socket.write(header + bind);
        at('bind');
      } else {
        if (at('stream')) return;
        socket.write(header);
        if (at('features')) return;
        socket.write(login);
      }
    }
    if (text.includes('<auth')) {
      if (at('login')) return;
      isAuthenticated = true;
      socket.write(success);
    }
    if (text.includes('urn:ietf:params:xml:ns:xmpp-bind')) {
      const id = /id="([^"]+)"/.exec(text)?.[1] ?? '';
      socket.write(
        `<iq type='result' id='${id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>user_1@localhost/res1</jid></bind></iq>`,
      );
    }
    if (text.includes('<presence')) at('session');
  });
}
