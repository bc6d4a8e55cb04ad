import { errorLine } from '../console/error-text.ts';
import { startEmbeddedServer } from '../xmpp/embedded/server.ts';
import { UsageError } from './command-line.ts';
import { guardProcess } from './process-guard.ts';

/**
 * `amoc server`: the embedded server in the foreground.
 *
 * @param port 0 for any free one
 * @throws {AmocError} `ARGUMENT` for a domain that is none, `CONNECTION` for a port that is taken
 */
export async function runServer(port: number, domain: string): Promise<void> {
  if (!/^[^\s@/]+$/.test(domain)) {
    throw new UsageError(`--domain: '${domain}' is not a domain, as in localhost`);
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
