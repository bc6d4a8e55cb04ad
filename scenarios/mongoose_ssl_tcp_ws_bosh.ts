import { chatTo, presence } from 'amoc';
import type { User, UserConnectOptions, Variables } from 'amoc';

export const variables = {
  tlsPort: { description: 'port of TLS over TCP', default: 5223 },
  httpPort: { description: 'port of WebSocket and BOSH', default: 5280 },
  webSocketPath: { description: 'path of the WebSocket', default: '/ws' },
  boshPath: { description: 'path of BOSH', default: '/bosh' },
  messages: { description: 'messages that a user sends', default: 10, update: true },
  messageInterval: {
    description: 'time after each message',
    default: '5s',
    unit: 'duration',
    update: true,
  },
} satisfies Variables;

/** A third of the users over TLS, a third over WebSocket, a third over BOSH; all talk to each other. */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const {
    tlsPort,
    httpPort: port,
    webSocketPath,
    boshPath,
    messages,
    messageInterval,
  } = user.settings;
  const kinds: UserConnectOptions[] = [
    { transport: 'tcp', tls: 'direct', port: tlsPort },
    { transport: 'websocket', tls: 'none', port, path: webSocketPath },
    { transport: 'bosh', tls: 'none', port, path: boshPath },
  ];
  const session = await user.connect(kinds[id % 3]);
  session.keepOnly('none');
  await session.send(presence());
  for (let sent = 0; sent < messages; sent++) {
    await session.send(chatTo(user.jidOf(id > 1 ? id - 1 : id), `hello from ${id}`));
    await user.sleep(messageInterval);
  }
}
