/** The program of the embedded server's process, which the console and `amoc run` fork. */
import { guardProcess } from '../process-guard.ts';
import { errorLine } from '../../console/shell/error-text.ts';
import { startEmbeddedServer } from '../../xmpp/embedded/server.ts';

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
// The process that started this one has ended, in whatever way.
process.on('disconnect', () => process.exit(0));
if (!process.connected) process.exit(0);
// A failure from now on concerns one connection: the others continue, and the parent process reports it.
guard.serve((error) => process.send?.({ trouble: errorLine(error) }));
process.send?.({ port: server.port, domain: server.domain });
