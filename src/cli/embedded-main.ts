/** The program of the embedded server's process, as the console and `amoc run` fork it. */
import { guardProcess } from './process-guard.ts';
import { errorLine } from '../console/error-text.ts';
import { startEmbeddedServer } from '../xmpp/embedded/server.ts';

const guard = guardProcess((sentence) => {
  process.stderr.write(`amoc: the embedded server has failed: ${sentence}\n`);
});
const server = await startEmbeddedServer({
  port: Number(process.env['AMOC_EMBEDDED_PORT'] ?? 0),
  patterns: {
    user: process.env['AMOC_EMBEDDED_USER'] ?? 'user_{id}',
    password: process.env['AMOC_EMBEDDED_PASSWORD'] ?? 'password_{id}',
  },
});
// Whoever started it is gone, however it died.
process.on('disconnect', () => process.exit(0));
if (!process.connected) process.exit(0);
// What fails from now on is one connection's matter: the others go on, and the one who started it says it.
guard.serve((error) => process.send?.({ trouble: errorLine(error) }));
process.send?.({ port: server.port, domain: server.domain });
