import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { eventually } from './processes.ts';

/** Ports of a server; every one of them was free a moment ago. */
export interface ServerPorts {
  c2s: number;
  tls: number;
  http: number;
}

/** A real server of the test's own, in a folder of its own, on loopback. */
export interface RealServer extends AsyncDisposable {
  readonly name: 'ejabberd' | 'prosody';
  readonly ports: ServerPorts;
  /** File of the certificate that clients must trust. */
  readonly ca: string;
  /** Path of its WebSocket. */
  readonly webSocketPath: string;
}

const START_MS = 60_000;

async function freePorts(): Promise<ServerPorts> {
  const servers = [createServer(), createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return { c2s: ports[0]!, tls: ports[1]!, http: ports[2]! };
}

async function certificate(folder: string): Promise<{ key: string; cert: string; both: string }> {
  const extensions = [
    { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
  ] as const;
  const pem = await generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    algorithm: 'sha256',
    extensions: [{ name: 'basicConstraints', cA: true }, ...extensions] as never,
  });
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

/** Starts ejabberd from Debian's package. */
export async function startEjabberd(): Promise<RealServer> {
  const folder = mkdtempSync(join(tmpdir(), 'amoc-ejabberd-'));
  const ports = await freePorts();
  const files = await certificate(folder);
  mkdirSync(join(folder, 'logs'));
  writeFileSync(
    join(folder, 'ejabberd.yml'),
    `
hosts: [localhost]
loglevel: warning
certfiles: ["${files.both}"]
registration_timeout: infinity
auth_password_format: plain
listen:
  - { port: ${ports.c2s}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true, shaper: none, access: all }
  - { port: ${ports.tls}, ip: "127.0.0.1", module: ejabberd_c2s, tls: true, shaper: none, access: all }
  - { port: ${ports.http}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: { /ws: ejabberd_http_ws } }
modules:
  mod_register: { access: all, ip_access: all }
  mod_roster: {}
  mod_disco: {}
  mod_ping: {}
  mod_offline: {}
`,
  );
  const child = spawn(
    'erl',
    ['-noinput', '+K', 'true', '-mnesia', 'dir', `"${join(folder, 'db')}"`, '-s', 'ejabberd'],
    {
      env: {
        ...process.env,
        ERL_LIBS: '/usr/lib/x86_64-linux-gnu',
        HOME: folder,
        EJABBERD_CONFIG_PATH: join(folder, 'ejabberd.yml'),
        EJABBERD_LOG_PATH: join(folder, 'logs', 'ejabberd.log'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: folder,
    },
  );
  return started('ejabberd', child, folder, ports, files.cert, '/ws');
}

/** Starts prosody from Debian's package. */
export async function startProsody(): Promise<RealServer> {
  const folder = mkdtempSync(join(tmpdir(), 'amoc-prosody-'));
  const ports = await freePorts();
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
http_ports = { ${ports.http} }
https_ports = { }
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "register_ibr", "websocket", "offline" }
modules_disabled = { "s2s" }
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
consider_websocket_secure = true
authentication = "internal_plain"
limits = { }
ssl = { key = "${files.key}", certificate = "${files.cert}" }
VirtualHost "localhost"
  ssl = { key = "${files.key}", certificate = "${files.cert}" }
`,
  );
  const child = spawn('prosody', ['-F', '--config', join(folder, 'prosody.cfg.lua')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
  });
  return started('prosody', child, folder, ports, files.cert, '/xmpp-websocket');
}

async function started(
  name: RealServer['name'],
  child: ChildProcess,
  folder: string,
  ports: ServerPorts,
  ca: string,
  webSocketPath: string,
): Promise<RealServer> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data) => (output = (output + String(data)).slice(-4000)));
  }
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      output += error.message;
      resolve();
    });
  });
  // Nothing outlives the test, however it ends.
  const kill = (): unknown => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    kill();
    await gone;
    process.off('exit', kill);
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    for (const port of Object.values(ports) as number[]) {
      await eventually(
        () => isOpen(port),
        (open) => open || child.exitCode !== null,
        START_MS,
      );
    }
    if (child.exitCode !== null) throw new Error('it ended');
  } catch (error) {
    const log = name === 'ejabberd' ? 'logs/ejabberd.log' : 'prosody.log';
    const text = `${output}\n${readOr(join(folder, log))}`;
    await stop();
    throw new Error(`${name} did not start: ${text}`, { cause: error });
  }
  return { name, ports, ca, webSocketPath, [Symbol.asyncDispose]: stop };
}

function isOpen(port: number): Promise<boolean> {
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
