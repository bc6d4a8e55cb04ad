/** `@xmpp/client` as its README shows it. */
import { client, xml } from '@xmpp/client';
import { runProgram } from './client-program.ts';

let sequence = 0;

await runProgram(({ port }) => ({
  login: async (id, onMessage) => {
    const xmpp = client({
      service: `xmpp://127.0.0.1:${port}`,
      domain: 'localhost',
      credentials: async (
        authenticate: (credentials: object, mechanism: string) => Promise<void>,
      ) => authenticate({ username: `user_${id}`, password: 'p' }, 'PLAIN'),
    } as never);
    xmpp.on('error', () => {});
    xmpp.on('stanza', (stanza) => {
      if (stanza.is('message')) onMessage();
    });
    await xmpp.start();
    return (to, body) => {
      void xmpp.send(
        xml('message', { to, type: 'chat', id: String(sequence++) }, xml('body', {}, body)),
      );
    };
  },
}));
