import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveSettings } from '../config/resolve.ts';
import { xmppVariables } from '../xmpp/mod.ts';
import type { XmppSettings } from '../xmpp/mod.ts';
import { errorLine } from '../console/shell/error-text.ts';
import { startEmbeddedServer } from '../xmpp/mod.ts';
import { makeAuthority, makeCertificate } from './certificates.ts';
import type { KeyPair } from './certificates.ts';
import { UsageError } from './command-line.ts';
import { readSources } from '../app/local-cluster.ts';
import { guardProcess } from '../app/process-guard.ts';
import { endSignals, untilSignal } from '../app/signals.ts';

/** The options of `amoc server`. */
export interface ServerOptions {
  /** 0 for any free port. */
  port: number;
  domain: string;
  /** Whether it has TLS. @default false */
  tls?: boolean | undefined;
}

/**
 * `amoc server`: the embedded server in the foreground.
 *
 * @throws {AmocError} `ARGUMENT` for an invalid domain, `CONNECTION` for a port that is taken
 */
export async function runServer({ port, domain, tls = false }: ServerOptions): Promise<void> {
  if (!/^[^\s@/]+$/.test(domain)) {
    throw new UsageError(`--domain: '${domain}' is not a domain, as in localhost`);
  }
  const settings = resolveSettings(xmppVariables, readSources(), '') as XmppSettings;
  const patterns = {
    user: settings.xmppUser,
    password: settings.xmppPassword,
  };
  const guard = guardProcess();
  using certificate = tls ? await TemporaryCertificate.make(domain) : undefined;
  const options = { port, domain, patterns, tls: certificate?.pair };
  await using server = await startEmbeddedServer(options);
  guard.serve((error) => process.stderr.write(`amoc server: ${errorLine(error)}\n`));
  process.stdout.write(
    `XMPP on 127.0.0.1:${server.port}, domain ${domain}, in memory, ${certificate === undefined ? 'without' : 'with'} TLS; Ctrl+C ends it.\n` +
      `Accounts: ${patterns.user} with ${patterns.password}, and those that are registered in-band.\n`,
  );
  if (certificate !== undefined) {
    process.stdout.write(
      `Its certificate is signed by a CA that clients must trust: AMOC_XMPP_TLS_CA=${certificate.ca}\n`,
    );
  }
  await untilSignal(...endSignals);
}

/** A certificate, and the file of the CA that signed it. The file is removed when the server ends. */
class TemporaryCertificate implements Disposable {
  readonly pair: KeyPair;
  readonly ca: string;
  readonly #folder: string;

  private constructor(pair: KeyPair, authority: KeyPair) {
    this.pair = pair;
    this.#folder = mkdtempSync(join(tmpdir(), 'amoc-server-'));
    this.ca = join(this.#folder, 'ca.pem');
    writeFileSync(this.ca, authority.cert);
  }

  static async make(domain: string): Promise<TemporaryCertificate> {
    const authority = await makeAuthority();
    const hosts = [...new Set([domain, 'localhost', '127.0.0.1'])];
    return new this(await makeCertificate(authority, { role: 'master', hosts }), authority);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
