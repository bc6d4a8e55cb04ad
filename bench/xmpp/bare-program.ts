/** The least that Node.js needs for the work: no library, no session, no handling of failures. */
import net from 'node:net';
import { runProgram } from './client-program.ts';

const buffer = Buffer.allocUnsafeSlow(64 * 1024);
const header = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`;
let sequence = 0;

await runProgram(({ port }) => ({
  login: (id, onMessage) =>
    new Promise((resolve, reject) => {
      let stage = 0;
      let text = '';
      const socket: net.Socket = net.connect({
        host: '127.0.0.1',
        port,
        noDelay: true,
        onread: {
          buffer,
          callback: (count) => {
            if (stage === 3) read(count);
            else step(buffer.toString('latin1', 0, count));
            return true;
          },
        },
      });
      socket.on('error', reject);
      socket.on('connect', () => socket.write(header));
      const step = (part: string): void => {
        text += part;
        if (stage === 0 && text.includes('</stream:features>')) {
          const secret = Buffer.from(`\0user_${id}\0p`).toString('base64');
          stage = 1;
          socket.write(
            `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`,
          );
        } else if (stage === 1 && text.includes('<success')) {
          stage = 2;
          socket.write(header);
        } else if (stage === 2 && text.includes('</stream:features>')) {
          socket.write(
            `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`,
          );
        } else if (stage === 2 && text.includes('</iq>')) {
          stage = 3;
          resolve((to, body) => {
            socket.write(
              `<message to='${to}' type='chat' id='${sequence++}'><body>${body}</body></message>`,
            );
          });
        } else return;
        text = '';
      };
      // Finds the ends of stanzas by `<`, `>` and a depth.
      let depth = 0;
      let slash = false;
      let open = false;
      const read = (count: number): void => {
        for (let at = 0; at < count; at++) {
          const byte = buffer[at] as number;
          if (byte === 0x3c) {
            open = true;
            slash = buffer[at + 1] === 0x2f;
          } else if (byte === 0x3e && open) {
            open = false;
            if (slash) depth--;
            else if (buffer[at - 1] !== 0x2f) depth++;
            if (depth === 0) onMessage();
          }
        }
      };
    }),
}));
