import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthority, makeCertificate } from '../../src/cli/certificates.ts';
import { connect, register } from '../../src/xmpp/login/connect.ts';
import { connectComponent } from '../../src/xmpp/login/component.ts';
import { resolveSettings } from '../../src/config/resolve.ts';
import { xmppVariables } from '../../src/xmpp/settings.ts';
import type { XmppSettings } from '../../src/xmpp/settings.ts';
import type { Session } from '../../src/xmpp/session/session.ts';
import { story } from '../../src/xmpp/user/story.ts';
import type { StoryOptions } from '../../src/xmpp/user/story.ts';
import { connectOptions } from '../../src/xmpp/user/target.ts';
import type { UserConnectOptions } from '../../src/xmpp/user/target.ts';
import { startEmbeddedServer } from '../../src/xmpp/embedded/server.ts';
import {
  COMPONENT_SECRET,
  hasNewerServers,
  startEjabberd,
  startProsody,
} from '../support/servers.ts';
import type { RealServer } from '../support/servers.ts';
import { context } from '../support/xmpp.ts';

/** The servers that the table is about. */
export const serverNames = [
  'ejabberd 23.01',
  'ejabberd 24.12',
  'prosody 0.12',
  'prosody 13',
  'embedded',
] as const;

/** One of {@link serverNames}. */
export type ServerName = (typeof serverNames)[number];

/** How a client can reach a server. */
export const transports = [
  'TCP',
  'STARTTLS',
  'TLS',
  'WebSocket',
  'WebSocket over TLS',
  'BOSH',
  'BOSH over TLS',
] as const;

/** One of {@link transports}. */
export type Transport = (typeof transports)[number];

/** Whom prosody lets make PubSub nodes. */
export { ADMIN } from '../support/servers.ts';

interface Target extends AsyncDisposable {
  /** What the embedded server has not: several ports, files, a key that signs. */
  readonly real: RealServer | undefined;
  settings(transport: Transport): Partial<XmppSettings>;
}

/** A server under test, reached over one transport. */
export class Place {
  readonly server: ServerName;
  readonly transport: Transport;
  readonly #target: Target;

  constructor(server: ServerName, transport: Transport, target: Target) {
    this.server = server;
    this.transport = transport;
    this.#target = target;
  }

  get isEjabberd(): boolean {
    return this.server.startsWith('ejabberd');
  }

  get isProsody(): boolean {
    return this.server.startsWith('prosody');
  }

  /** Ports, files and key of a real server; for rows that the embedded server has not. */
  get real(): RealServer {
    const { real } = this.#target;
    if (real === undefined) throw new Error('the embedded server has no such thing');
    return real;
  }

  /** The same server over another transport. */
  over(transport: Transport): Place {
    return new Place(this.server, transport, this.#target);
  }

  /** The settings that reach the server here. */
  settings(more: Partial<XmppSettings> = {}): Partial<XmppSettings> {
    return { ...this.#target.settings(this.transport), ...more };
  }

  /** {@link story} on this server. */
  story<N extends number>(
    users: N,
    tell: Parameters<typeof story<N>>[1],
    { settings, ...options }: StoryOptions = {},
  ): Promise<void> {
    return story(users, tell, { ...options, settings: this.settings(settings) });
  }

  /** What a session counts, for {@link logIn}. */
  told(): ReturnType<typeof context> {
    return context();
  }

  /** Logs an account in that is there already. */
  async logIn(
    options: UserConnectOptions = {},
    {
      id = 1,
      settings = {},
      told = context(),
    }: {
      id?: number;
      settings?: Partial<XmppSettings>;
      told?: ReturnType<typeof context>;
    } = {},
  ): Promise<Session> {
    return connect(await connectOptions(this.#resolve(settings), id, options), told);
  }

  /** Registers an account in-band. @returns whether it was made now */
  async register(
    options: UserConnectOptions,
    settings: Partial<XmppSettings> = {},
  ): Promise<'created' | 'exists'> {
    return register(await connectOptions(this.#resolve(settings), 1, options), context());
  }

  /** Connects as a component (XEP-0114): one that the servers know, which are `component.localhost` and `crowd.localhost`. */
  component({ domain = 'component.localhost', secret = COMPONENT_SECRET } = {}): ReturnType<
    typeof connectComponent
  > {
    return connectComponent(
      {
        host: '127.0.0.1',
        port: this.real.ports.component,
        domain,
        secret,
        sendBuffer: { bytes: 1_000_000, policy: 'wait' },
        timeoutMs: 5000,
      },
      context(),
    );
  }

  #resolve(more: Partial<XmppSettings>): XmppSettings {
    return resolveSettings(xmppVariables, { call: this.settings(more) }, '') as XmppSettings;
  }
}

/** A server that runs. @returns `undefined` when it is not installed here */
export async function startTarget(name: ServerName): Promise<Target | undefined> {
  switch (name) {
    case 'ejabberd 23.01':
      return real(await startEjabberd());
    case 'ejabberd 24.12':
      return hasNewerServers ? real(await startEjabberd({ newer: true })) : undefined;
    case 'prosody 0.12':
      return real(await startProsody());
    case 'prosody 13':
      return hasNewerServers ? real(await startProsody({ newer: true })) : undefined;
    case 'embedded':
      return embedded();
  }
}

function real(server: RealServer): Target {
  const { ports, ca, webSocketPath, boshPath } = server;
  return {
    real: server,
    settings: settingsOf({
      port: ports.c2s,
      tlsPort: ports.tls,
      httpPort: ports.http,
      httpsPort: ports.https,
      ca,
      webSocketPath,
      boshPath,
    }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Where a server listens, and whom its certificate is from. */
interface Reach {
  port: number;
  tlsPort: number;
  httpPort: number;
  httpsPort: number;
  ca: string;
  webSocketPath?: string;
  boshPath?: string;
}

function settingsOf(reach: Reach): (transport: Transport) => Partial<XmppSettings> {
  const { port, tlsPort, httpPort, httpsPort, ca, webSocketPath = '/ws', boshPath = '' } = reach;
  const base = { xmppHost: '127.0.0.1', xmppDomain: 'localhost', xmppTlsCa: ca, xmppTls: 'none' };
  const webSocket = { ...base, xmppTransport: 'websocket', xmppPath: webSocketPath };
  const bosh = { ...base, xmppTransport: 'bosh', xmppPath: boshPath };
  const overTls = { xmppPort: httpsPort, xmppTls: 'direct' };
  const settings = {
    TCP: { ...base, xmppPort: port },
    STARTTLS: { ...base, xmppPort: port, xmppTls: 'starttls' },
    TLS: { ...base, xmppPort: tlsPort, xmppTls: 'direct' },
    WebSocket: { ...webSocket, xmppPort: httpPort },
    'WebSocket over TLS': { ...webSocket, ...overTls },
    BOSH: { ...bosh, xmppPort: httpPort },
    'BOSH over TLS': { ...bosh, ...overTls },
  } satisfies Record<Transport, Partial<XmppSettings>>;
  return (transport) => settings[transport];
}

async function embedded(): Promise<Target> {
  const patterns = { user: 'user_{id}', password: 'password_{id}' };
  const authority = await makeAuthority();
  const tls = await makeCertificate(authority, { role: 'master', hosts: ['localhost'] });
  const server = await startEmbeddedServer({ port: 0, patterns, tls });
  const folder = mkdtempSync(join(tmpdir(), 'amoc-embedded-'));
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, authority.cert);
  const { port } = server;
  return {
    real: undefined,
    settings: settingsOf({ port, tlsPort: port, httpPort: port, httpsPort: port, ca }),
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
      await server[Symbol.asyncDispose]();
    },
  };
}
