import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from './daemon.ts';
import { freePorts } from './ports.ts';
import { selfSigned } from './self-signed.ts';
import { ROOT } from './root.ts';

/** Ports of a server; every one of them was free a moment ago. */
export interface ServerPorts {
  c2s: number;
  tls: number;
  http: number;
  https: number;
  component: number;
}

/** A real server of the test's own, in a folder of its own, on loopback. */
export interface RealServer extends AsyncDisposable {
  readonly name: 'ejabberd' | 'prosody';
  readonly ports: ServerPorts;
  /** File of the certificate that clients must trust. */
  readonly ca: string;
  /** Path of its WebSocket. */
  readonly webSocketPath: string;
  /** Where it keeps its files; `data` below it is prosody's data_path. */
  readonly folder: string;
  /** Path of BOSH. */
  readonly boshPath: string;
  /** File of the certificate's key: what it signs, ejabberd takes for SASL EXTERNAL. */
  readonly key: string;
}

/** Whom prosody lets make PubSub nodes. */
export const ADMIN = 'admin';

/** Of the components `component.localhost` and `crowd.localhost`. */
export const COMPONENT_SECRET = 'component-secret';

/** Beside other tests on a slow machine ejabberd has taken more than 60 s. */
const START_MS = 180_000;

async function serverPorts(): Promise<ServerPorts> {
  const [c2s, tls, http, https, component] = await freePorts(5);
  return { c2s: c2s!, tls: tls!, http: http!, https: https!, component: component! };
}

async function certificate(folder: string): Promise<{ key: string; cert: string; both: string }> {
  const pem = await selfSigned();
  const files = {
    key: join(folder, 'key.pem'),
    cert: join(folder, 'cert.pem'),
    both: join(folder, 'both.pem'),
  };
  writeFileSync(files.key, pem.private);
  writeFileSync(files.cert, pem.cert);
  writeFileSync(files.both, `${pem.private}\n${pem.cert}`);
  return files;
}

/** Everything that the tests of features need; it costs each message more than the tests of load can have. */
const allModules = `  mod_bosh: {}
  mod_carboncopy: {}
  mod_mam: { default: always, assume_mam_usage: true }
  mod_muc: { host: "conference.@HOST@", access: all, access_create: all }
  mod_pubsub: { host: "pubsub.@HOST@", access_createnode: all, plugins: [flat, pep], force_node_config: {} }
  mod_caps: {}
  mod_privacy: {}
  mod_blocking: {}
  mod_private: {}
  mod_last: {}
  mod_client_state: {}
  mod_vcard: {}
  mod_stream_mgmt: { resend_on_timeout: true }
  mod_adhoc: {}
  mod_version: {}
`;

/** Files go to the test's own folder, over plain HTTP: clients need no certificate. */
function uploads(folder: string, port: number): string {
  const [docroot, url] = [join(folder, 'uploads'), `http://127.0.0.1:${port}/upload/@HOST@`];
  return `  mod_http_upload: { host: "upload.@HOST@", docroot: "${docroot}", put_url: "${url}", access: all, max_size: 1000000 }\n`;
}

/** What only newer servers have: SASL2 with Bind 2 and inline stream management, FAST, upgrades of SCRAM. */
const newerModules = `  mod_auth_fast: {}
  mod_scram_upgrade: { offered_upgrades: [sha256, sha512] }
`;

const newerProsodyModules = ', "sasl2", "sasl2_bind2", "sasl2_sm", "sasl2_fast"';

/** Where `install-newer-servers` puts newer ejabberd and prosody. */
const NEWER = join(ROOT, '.cache', 'servers', 'root');

/** Whether they could be fetched. */
export const hasNewerServers = existsSync(join(NEWER, 'usr', 'bin', 'prosody'));

/**
 * Starts ejabberd from Debian's package; with the modules that every server has, or with all.
 *
 * @param domains served besides `localhost`
 */
export async function startEjabberd({
  full = true,
  newer = false,
  address = '127.0.0.1',
  logLevel = 'warning',
  domains = [] as readonly string[],
} = {}): Promise<RealServer> {
  const folder = mkdtempSync(join(tmpdir(), 'amoc-ejabberd-'));
  const ports = await serverPorts();
  const files = await certificate(folder);
  mkdirSync(join(folder, 'logs'));
  writeFileSync(
    join(folder, 'ejabberd.yml'),
    `
hosts: [${['localhost', 'anonymous.localhost', ...domains].join(', ')}]
host_config: { anonymous.localhost: { auth_method: [anonymous], anonymous_protocol: sasl_anon } }
loglevel: ${logLevel}
certfiles: ["${files.both}"]
registration_timeout: infinity
oauth_access: all
auth_password_format: plain
api_permissions: { all: { who: all, what: "*" } }
listen:
  - { port: ${ports.c2s}, backlog: 1024, ip: "${address}", module: ejabberd_c2s, starttls: true, shaper: none, access: all }
  - { port: ${ports.tls}, backlog: 1024, ip: "127.0.0.1", module: ejabberd_c2s, tls: true, tls_verify: true, cafile: "${files.cert}", shaper: none, access: all }
${[ports.http, ports.https]
  .map(
    (port) =>
      `  - { port: ${port}, backlog: 1024, ip: "127.0.0.1", module: ejabberd_http, tls: ${port === ports.https}, request_handlers: { /ws: ejabberd_http_ws, ${full ? '/bosh: mod_bosh, /upload: mod_http_upload, ' : ''}/api: mod_http_api } }\n`,
  )
  .join(
    '',
  )}  - { port: ${ports.component}, backlog: 1024, ip: "127.0.0.1", module: ejabberd_service, access: all, hosts: { "component.localhost": { password: "${COMPONENT_SECRET}" }, "crowd.localhost": { password: "${COMPONENT_SECRET}" } } }
modules:
  mod_register: { access: all, ip_access: all }
  mod_roster: {}
  mod_disco: {}
  mod_ping: {}
  mod_offline: {}
${full ? allModules + uploads(folder, ports.http) : ''}${newer ? newerModules : ''}`,
  );
  const daemon = Daemon.start(
    newer ? 'newer ejabberd' : 'ejabberd',
    'erl',
    [
      // Without busy waiting: idle schedulers would take the processor from the users.
      ...['+sbwt', 'none', '+sbwtdcpu', 'none', '+sbwtdio', 'none'],
      ...['-noinput', '+K', 'true', '-mnesia', 'dir', `"${join(folder, 'db')}"`],
      ...(newer ? ['-pa', ...newerErlangPaths()] : []),
      ...['-s', 'ejabberd'],
    ],
    {
      env: {
        ...process.env,
        ERL_LIBS: '/usr/lib/x86_64-linux-gnu',
        HOME: folder,
        EJABBERD_CONFIG_PATH: join(folder, 'ejabberd.yml'),
        EJABBERD_LOG_PATH: join(folder, 'logs', 'ejabberd.log'),
      },
      cwd: folder,
    },
    { log: () => readOr(join(folder, 'logs', 'ejabberd.log')) },
  );
  return started('ejabberd', daemon, folder, ports, files, ['/ws', '/bosh']);
}

/** Before the paths of the installed ejabberd. */
function newerErlangPaths(): string[] {
  return ['usr/lib/x86_64-linux-gnu', 'usr/lib/erlang/lib'].flatMap((libraries) =>
    readdirSync(join(NEWER, libraries)).map((name) => join(NEWER, libraries, name, 'ebin')),
  );
}

/**
 * Starts prosody from Debian's package.
 *
 * @param domains served besides `localhost`
 */
export async function startProsody({
  newer = false,
  domains = [] as readonly string[],
} = {}): Promise<RealServer> {
  const folder = mkdtempSync(join(tmpdir(), 'amoc-prosody-'));
  const ports = await serverPorts();
  const files = await certificate(folder);
  mkdirSync(join(folder, 'data'));
  writeFileSync(
    join(folder, 'prosody.cfg.lua'),
    `
run_as_root = true
daemonize = false
pidfile = "${folder}/prosody.pid"
data_path = "${folder}/data"
log = { warn = "${folder}/prosody.log" }
interfaces = { "127.0.0.1" }
c2s_ports = { ${ports.c2s} }
c2s_direct_tls_ports = { ${ports.tls} }
s2s_ports = { }
http_default_host = "localhost"
http_ports = { ${ports.http} }
https_ports = { ${ports.https} }
https_ssl = { key = "${files.key}", certificate = "${files.cert}" }
admins = { "${ADMIN}@localhost" }
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "register_ibr", "websocket", "offline", "bosh", "mam", "smacks", "carbons", "pep", "vcard_legacy", "blocklist", "private", "version", "lastactivity", "csi_simple"${newer ? newerProsodyModules : ''} }
modules_disabled = { "s2s" }
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
consider_websocket_secure = true
consider_bosh_secure = true
component_ports = { ${ports.component} }
component_interface = "127.0.0.1"
smacks_hibernation_time = 60
authentication = "internal_plain"
limits = { }
ssl = { key = "${files.key}", certificate = "${files.cert}" }
tls_server_end_point_hash = "auto"
VirtualHost "localhost"
  ssl = { key = "${files.key}", certificate = "${files.cert}" }
VirtualHost "anonymous.localhost"
  authentication = "anonymous"
${domains.map((each) => `VirtualHost "${each}"\nComponent "conference.${each}" "muc"\n`).join('')}Component "conference.localhost" "muc"
  muc_room_default_public = true
Component "upload.localhost" "http_file_share"
  http_host = "localhost"
  http_external_url = "http://127.0.0.1:${ports.http}/"
  http_file_share_size_limit = 1000000
Component "pubsub.localhost" "pubsub"
  add_permissions = {}
  autocreate_on_publish = false
  default_admin_affiliation = "owner"
Component "component.localhost"
  component_secret = "${COMPONENT_SECRET}"
Component "crowd.localhost"
  component_secret = "${COMPONENT_SECRET}"
`,
  );
  const program = newer ? join(NEWER, 'usr', 'bin', 'prosody') : 'prosody';
  const daemon = Daemon.start(
    newer ? 'newer prosody' : 'prosody',
    program,
    ['-F', '--config', join(folder, 'prosody.cfg.lua')],
    { cwd: folder, env: process.env },
    { log: () => readOr(join(folder, 'prosody.log')) },
  );
  return started('prosody', daemon, folder, ports, files, ['/xmpp-websocket', '/http-bind']);
}

async function started(
  name: RealServer['name'],
  daemon: Daemon,
  folder: string,
  ports: ServerPorts,
  files: { cert: string; key: string },
  [webSocketPath, boshPath]: readonly [string, string],
): Promise<RealServer> {
  const stop = async (): Promise<void> => {
    await daemon[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    for (const port of Object.values(ports) as number[]) {
      await daemon.ready(() => isOpen(port), START_MS);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name,
    ports,
    ca: files.cert,
    key: files.key,
    folder,
    webSocketPath,
    boshPath,
    [Symbol.asyncDispose]: stop,
  };
}

/** The variables that lead a run to a server over TCP, without TLS. */
export function plainTarget({ ports }: RealServer): Record<string, string> {
  return {
    AMOC_XMPP_HOST: '127.0.0.1',
    AMOC_XMPP_DOMAIN: 'localhost',
    AMOC_XMPP_PORT: String(ports.c2s),
    AMOC_XMPP_TLS: 'none',
  };
}

/** Whether somebody listens on a port of loopback. */
export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(-4000);
  } catch {
    return '';
  }
}
