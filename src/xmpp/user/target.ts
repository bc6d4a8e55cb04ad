import { readFileSync } from 'node:fs';
import { domainOfUser } from './domain-pattern.ts';
import type { XmppSettings } from '../settings.ts';
import { readServerUrl, urlOfUser } from './server-url.ts';
import { startTlsOver } from './contradictions.ts';
import { toMs } from '../../lib/time/duration.ts';
import type { Duration } from '../../lib/time/duration.ts';
import { AmocError, messageOf } from '../../lib/errors.ts';
import { quote } from '../../lib/text/quote.ts';
import type { ConnectOptions, ReconnectPolicy } from '../connect-options.ts';
import type { ComponentOptions } from '../login/component.ts';
import { preparedName, preparedPassword } from '../login/prepared.ts';
import type { SendPolicy } from '../session/session-parts.ts';
import { findByHostMeta } from '../wire/host-meta.ts';
import { findBySrv } from '../wire/srv.ts';
import type { HostPort } from '../wire/srv.ts';
import { transportOf } from '../wire/transports.ts';

/** How a lost connection is replaced: exponential back-off with full jitter. */
export interface ReconnectOptions {
  /** Attempts per loss; the session ends when all of them have failed. @default 10 */
  attempts?: number;
  /** Upper bound of the first delay. @default 1 s */
  first?: Duration;
  /** Upper bound of every delay. @default 30 s */
  most?: Duration;
}

/** Options of `user.connect`, in addition to the settings of the run. */
export type UserConnectOptions = Partial<
  Pick<
    ConnectOptions,
    | 'host'
    | 'port'
    | 'localAddress'
    | 'domain'
    | 'transport'
    | 'tls'
    | 'path'
    | 'mechanism'
    | 'username'
    | 'password'
    | 'resource'
    | 'sasl2'
    | 'resume'
    | 'answersRequests'
    | 'capabilities'
  >
> & {
  /** URL of the WebSocket or BOSH service: it sets `transport`, `tls`, `host`, `port` and `path`. */
  url?: string;
  /** Replaces a lost connection; `true` for the default policy. @default false: the session ends */
  reconnect?: boolean | ReconnectOptions;
};

/** How to connect as a component (XEP-0114); without `host`, to that of the run. */
export type UserComponentOptions = Pick<ComponentOptions, 'domain' | 'secret' | 'port'> & {
  host?: string;
};

/** Where a connection goes, and its transport. */
type Place = Pick<ConnectOptions, 'host' | 'port' | 'transport' | 'tls' | 'path' | 'isNamedByUrl'>;

/** How the user `id` reaches the server: the settings of the run, and the options of the scenario. */
export async function connectOptions(
  xmpp: XmppSettings,
  id: number,
  options: UserConnectOptions,
): Promise<ConnectOptions> {
  const domain = options.domain ?? domainOf(xmpp, id);
  const { host, port, transport, tls, path, isNamedByUrl } = await placeOf(
    xmpp,
    id,
    domain,
    options,
  );
  // No spread: V8 makes an object slow that begins as a copy of another one, and each login reads all of it.
  return {
    host,
    port,
    transport,
    tls,
    path,
    isNamedByUrl,
    localAddress: options.localAddress ?? localAddressOf(xmpp, id),
    domain,
    tlsVerify: xmpp.xmppTlsVerify,
    tlsResume: xmpp.xmppTlsResume,
    tlsMaxVersion: xmpp.xmppTlsMaxVersion as ConnectOptions['tlsMaxVersion'],
    tlsCa: caOf(xmpp),
    certificate: certificateOf(xmpp.xmppCertificate, id),
    mechanism: options.mechanism ?? xmpp.xmppMechanism,
    channelBinding: xmpp.xmppChannelBinding as ConnectOptions['channelBinding'],
    username: options.username === undefined ? nameOf(xmpp, id) : preparedName(options.username),
    password:
      options.password === undefined ? passwordOf(xmpp, id) : preparedPassword(options.password),
    resource: options.resource ?? xmpp.xmppResource,
    scramCache: xmpp.xmppScramCache,
    sasl2: options.sasl2 ?? xmpp.xmppSasl2,
    sendBuffer: sendBufferOf(xmpp),
    stanzaBytes: xmpp.xmppStanzaBytes,
    timeoutMs: xmpp.xmppTimeout,
    followHost: xmpp.xmppFollowHost,
    resume: options.resume,
    answersRequests: options.answersRequests,
    capabilities: options.capabilities,
    reconnect: policyOf(options.reconnect),
  };
}

/** A URL says everything; without one for this transport, the place is put together. */
async function placeOf(
  xmpp: XmppSettings,
  id: number,
  domain: string,
  options: UserConnectOptions,
): Promise<Place> {
  if (options.url !== undefined) return placeOfUrl(options.url, options);
  const isElsewhere = options.host !== undefined;
  if (!isElsewhere && xmpp.xmppUrl !== '') {
    const url = urlOfUser(xmpp.xmppUrl, id);
    const { transport } = options;
    if (transport === undefined || transport === readServerUrl(url)?.transport) {
      return placeOfUrl(url, options);
    }
  }
  const transport = options.transport ?? (xmpp.xmppTransport as ConnectOptions['transport']);
  const spec = transportOf(transport);
  if (!isElsewhere && xmpp.xmppHostMeta && spec.http !== undefined) {
    const asked = {
      transport,
      tlsVerify: xmpp.xmppTlsVerify,
      tlsCa: caOf(xmpp),
      timeoutMs: xmpp.xmppTimeout,
    };
    return placeOfUrl(await findByHostMeta(domain, asked), options);
  }
  const tls = options.tls ?? (xmpp.xmppTls as ConnectOptions['tls']);
  if (!spec.tlsModes.includes(tls)) {
    throw new AmocError('CONFIG', startTlsOver(transport));
  }
  const service = xmpp.xmppSrv && !isElsewhere ? spec.srv?.(tls) : undefined;
  const { host, port } =
    service !== undefined
      ? await findBySrv(domain, service, id)
      : addressOf(demandHost(options.host ?? xmpp.xmppHost), id);
  return {
    host,
    port: options.port ?? port ?? (xmpp.xmppPort === 0 ? spec.port(tls) : xmpp.xmppPort),
    transport,
    tls,
    path: options.path ?? (xmpp.xmppPath === '' ? (spec.http?.path ?? '') : xmpp.xmppPath),
  };
}

/** A port and a path that the scenario gives replace those of the URL. */
function placeOfUrl(url: string, { port, path }: UserConnectOptions): Place {
  const place = readServerUrl(url);
  if (place === undefined) {
    throw new AmocError(
      'CONFIG',
      `invalid server URL ${quote(url)}; it must begin with ws://, wss://, http:// or https://, and have no user, password or #`,
    );
  }
  return { ...place, port: port ?? place.port, path: path ?? place.path, isNamedByUrl: true };
}

/** How the user `id` connects as a component. */
export function componentOptions(
  xmpp: XmppSettings,
  id: number,
  options: UserComponentOptions,
): ComponentOptions {
  const { host } = addressOf(demandHost(options.host ?? xmpp.xmppHost), id);
  return {
    ...options,
    host,
    localAddress: localAddressOf(xmpp, id),
    sendBuffer: sendBufferOf(xmpp),
    stanzaBytes: xmpp.xmppStanzaBytes,
    timeoutMs: xmpp.xmppTimeout,
  };
}

/** The name of the user `id`, prepared for sending and for files. */
export function nameOf({ xmppUser }: XmppSettings, id: number): string {
  return preparedName(fill(xmppUser, id));
}

/** The password of the user `id`, prepared for sending and for files. */
export function passwordOf({ xmppPassword }: XmppSettings, id: number): string {
  return preparedPassword(fill(xmppPassword, id));
}

/** Puts the user's id into a pattern: `user_{id}` → `user_7`. */
function fill(pattern: string, id: number): string {
  return pattern.replaceAll('{id}', String(id));
}

/** The domain of the user `id`: the one that is set, or the first host. */
export function domainOf({ xmppDomain, xmppHost, xmppUrl }: XmppSettings, id: number): string {
  if (xmppDomain !== '') return domainOfUser(xmppDomain, id);
  if (xmppHost !== '') return addressOf(xmppHost, 0).host;
  return xmppUrl === '' ? '' : (readServerUrl(urlOfUser(xmppUrl, 0))?.host ?? '');
}

/** The host, and its port if it has one, from a list that the users take in turn. */
export function addressOf(hosts: string, id: number): Partial<HostPort> & { host: string } {
  const all = hosts.split(',').map((each) => each.trim());
  const address = all[id % all.length] as string;
  // An IPv6 address has colons of its own: with a port it is in brackets.
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(address) ?? [];
  const host = bracketed ?? plain ?? address;
  return port === undefined ? { host } : { host, port: Number(port) };
}

/** An empty host must not mean this machine, as it would to a socket. */
function demandHost(host: string): string {
  if (host !== '') return host;
  throw new AmocError('CONFIG', 'no XMPP target is set: xmppHost (AMOC_XMPP_HOST) is empty');
}

function localAddressOf({ xmppLocalAddresses }: XmppSettings, id: number): string | undefined {
  if (xmppLocalAddresses === '') return undefined;
  const all = xmppLocalAddresses.split(',');
  return (all[id % all.length] as string).trim();
}

function sendBufferOf({
  xmppSendBuffer,
  xmppSendPolicy,
}: XmppSettings): ConnectOptions['sendBuffer'] {
  return { bytes: xmppSendBuffer, policy: xmppSendPolicy as SendPolicy };
}

function policyOf(options: UserConnectOptions['reconnect']): ReconnectPolicy | undefined {
  if (options === undefined || options === false) return undefined;
  const { attempts = 10, first = '1s', most = '30s' } = options === true ? {} : options;
  return { attempts, firstMs: toMs(first), mostMs: toMs(most) };
}

const files = new Map<string, string>();
/** Maximum number of files that are kept: one certificate per user may be a lot. */
const MAX_FILES = 100_000;

function readPem(setting: string, path: string): string | undefined {
  if (path === '') return undefined;
  const known = files.get(path);
  if (known !== undefined) return known;
  try {
    const pem = readFileSync(path, 'utf8');
    if (files.size < MAX_FILES) files.set(path, pem);
    return pem;
  } catch (cause) {
    throw new AmocError('CONFIG', `${setting}: ${path} cannot be read (${messageOf(cause)})`, {
      cause,
    });
  }
}

function caOf({ xmppTlsCa }: XmppSettings): string | undefined {
  return readPem('xmppTlsCa', xmppTlsCa);
}

function certificateOf(pattern: string, id: number): ConnectOptions['certificate'] {
  const pem = readPem('xmppCertificate', fill(pattern, id));
  return pem === undefined ? undefined : { cert: pem, key: pem };
}
