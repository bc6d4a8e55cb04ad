import { AmocError } from '../lib/errors.ts';
import { errorLine } from '../console/error-text.ts';
import { startEmbeddedServer } from '../xmpp/embedded/server.ts';
import { guardProcess } from './process-guard.ts';

/**
 * `amoc server`: the embedded server in the foreground.
 *
 * @throws {AmocError} `ARGUMENT` for a port that is none, `CONNECTION` when it is taken.
 */
export async function runServer(portText: string, domain: string): Promise<void> {
  const port = Number(portText);
  if (!/^\d+$/.test(portText) || port > 65_535) {
    throw new AmocError('ARGUMENT', `--port: '${portText}' is not a port; 0 to 65535 are`);
  }
  const patterns = {
    user: process.env['AMOC_XMPP_USER'] ?? 'user_{id}',
    password: process.env['AMOC_XMPP_PASSWORD'] ?? 'password_{id}',
  };
  const guard = guardProcess();
  await using server = await startEmbeddedServer({ port, domain, patterns });
  guard.serve((error) => process.stderr.write(`amoc server: ${errorLine(error)}\n`));
  process.stdout.write(
    `XMPP on 127.0.0.1:${server.port}, domain ${domain}, in memory, without TLS; Ctrl+C ends it.\n` +
      `Accounts: ${patterns.user} with ${patterns.password}, and whoever registers in-band.\n`,
  );
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => resolve());
  });
}
