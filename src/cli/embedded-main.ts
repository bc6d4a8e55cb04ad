/** The program of the embedded server's process, as the console and `amoc run` fork it. */
import { startEmbeddedServer } from '../xmpp/embedded/server.ts';

const server = await startEmbeddedServer({
  port: 0,
  patterns: {
    user: process.env['AMOC_EMBEDDED_USER'] ?? 'user_{id}',
    password: process.env['AMOC_EMBEDDED_PASSWORD'] ?? 'password_{id}',
  },
});
// Whoever started it is gone, however it died.
process.on('disconnect', () => process.exit(0));
if (!process.connected) process.exit(0);
process.send?.({ port: server.port, domain: server.domain });
