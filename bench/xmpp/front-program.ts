/**
 * TLS or WebSocket in front of the sink, in a process of its own: the client's cost is measured, not the
 * server's. Arguments: `tls` or `ws`, the sink's port, a folder for a key.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { isStreamHeader, streamHeader, withNamespace } from '../../src/xmpp/wire/framed.ts';
import { Framer } from '../../src/xmpp/wire/framer.ts';

const [kind, port = '', folder = ''] = process.argv.slice(2);

function toSink(): net.Socket {
  return net.connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
}

function serveTls(): net.Server {
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
    ].concat(['-keyout', key, '-out', cert]),
    { stdio: 'ignore' },
  );
  return tls.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (client) => {
    const sink = toSink();
    client.setNoDelay(true);
    client.on('error', () => sink.destroy());
    sink.on('error', () => client.destroy());
    client.pipe(sink);
    sink.pipe(client);
  });
}

function serveWebSocket(client: WebSocket): void {
  const sink = toSink();
  const framer = new Framer({
    opened: () =>
      client.send(`<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='localhost'/>`),
    stanza: (text) => client.send(withNamespace(withStreams(text))),
    ended: () => client.close(),
    malformed: (error) => {
      throw error;
    },
  });
  client.on('message', (data: Buffer) => {
    const text = data.toString();
    if (text.startsWith('<open')) {
      framer.reset();
      sink.write(streamHeader(' to="localhost" version="1.0"'));
    } else if (!isStreamHeader(text) && !text.startsWith('<close')) sink.write(text);
  });
  client.on('close', () => sink.destroy());
  client.on('error', () => sink.destroy());
  sink.on('data', (chunk: Buffer) => framer.push(chunk));
  sink.on('error', () => client.terminate());
}

/** Outside of a stream its prefix must be declared. */
function withStreams(text: string): string {
  return text.replace(
    /^<stream:features/,
    `$& xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'`,
  );
}

const announce = (listening: number): void => {
  process.send?.(listening);
};

if (kind === 'tls') {
  const server = serveTls();
  server.listen(0, '127.0.0.1', 4096, () => announce((server.address() as net.AddressInfo).port));
} else {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    backlog: 4096,
    perMessageDeflate: false,
  });
  server.on('connection', serveWebSocket);
  server.on('listening', () => announce((server.address() as net.AddressInfo).port));
}
process.on('disconnect', () => process.exit());
