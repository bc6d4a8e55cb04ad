import { readFileSync } from 'node:fs';
import type { XmppSettings } from '../config/run-variables.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import type { ConnectOptions } from '../xmpp/connect-options.ts';

/** What `user.connect` can be told besides the settings of the run. */
export type UserConnectOptions = Partial<
  Pick<
    ConnectOptions,
    | 'host'
    | 'port'
    | 'domain'
    | 'transport'
    | 'tls'
    | 'path'
    | 'mechanism'
    | 'username'
    | 'password'
    | 'resource'
  >
>;

/** How the user `id` reaches the server: the settings of the run, and what the scenario says besides. */
export function connectOptions(
  xmpp: XmppSettings,
  id: number,
  options: UserConnectOptions,
): ConnectOptions {
  const transport = options.transport ?? (xmpp.xmppTransport as ConnectOptions['transport']);
  const tls = options.tls ?? (xmpp.xmppTls as ConnectOptions['tls']);
  const host = options.host ?? xmpp.xmppHost;
  return {
    host,
    port: options.port ?? (xmpp.xmppPort === 0 ? usualPort(transport, tls) : xmpp.xmppPort),
    domain: options.domain ?? (xmpp.xmppDomain === '' ? host : xmpp.xmppDomain),
    transport,
    tls,
    tlsVerify: xmpp.xmppTlsVerify,
    tlsCa: readCa(xmpp.xmppTlsCa),
    path: options.path ?? (xmpp.xmppPath === '' ? '/ws' : xmpp.xmppPath),
    mechanism: options.mechanism ?? xmpp.xmppMechanism,
    username: options.username ?? fill(xmpp.xmppUser, id),
    password: options.password ?? fill(xmpp.xmppPassword, id),
    resource: options.resource ?? xmpp.xmppResource,
    timeoutMs: xmpp.xmppTimeout,
  };
}

/** Puts the user's id into a pattern: `user_{id}` → `user_7`. */
export function fill(pattern: string, id: number): string {
  return pattern.replaceAll('{id}', String(id));
}

/** The port when none is given: 5222 and 5223 (RFC 6120 §14.7, XEP-0368), 5280 and 5281 as servers have it. */
export function usualPort(transport: string, tls: string): number {
  if (transport === 'websocket') return tls === 'direct' ? 5281 : 5280;
  return tls === 'direct' ? 5223 : 5222;
}

const certificates = new Map<string, string>();

function readCa(path: string): string | undefined {
  if (path === '') return undefined;
  const known = certificates.get(path);
  if (known !== undefined) return known;
  try {
    const pem = readFileSync(path, 'utf8');
    certificates.set(path, pem);
    return pem;
  } catch (cause) {
    throw new AmocError('CONFIG', `xmppTlsCa: ${path} cannot be read (${messageOf(cause)})`, {
      cause,
    });
  }
}
