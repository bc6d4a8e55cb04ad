import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import { selfSigned } from './self-signed.ts';

const NS_STREAM = 'http://etherx.jabber.org/streams';
const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const NS_BIND = 'urn:ietf:params:xml:ns:xmpp-bind';
const NS_FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing';

/** One client at a {@link ScriptedServer}. */
export interface ScriptedClient {
  /** 1 for the first that came. */
  readonly number: number;
  /** What TLS and HTTP said of whom it wants. */
  readonly sni: string | undefined;
  readonly alpn: string | false | undefined;
  readonly host: string | undefined;
  isAuthenticated: boolean;
  readonly send: (xml: string | Buffer) => void;
  /** Closes the connection. */
  readonly end: () => void;
}

/** A certificate and its key. */
export interface Pem {
  private: string;
  cert: string;
}

/** What a server does in place of the usual. */
export interface Script {
  header?: string;
  /** The content of `<stream:features/>`. */
  features?: (client: ScriptedClient) => string;
  /** Its certificate; one of its own when left out. */
  pem?: Pem | undefined;
  /** @returns whether it has dealt with what the client sent */
  takes?: (text: string, client: ScriptedClient) => boolean;
}

/** A server that does what it is told. */
export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  /** All that its clients sent, in order. */
  readonly said: string[];
  readonly clients: ScriptedClient[];
  /** PEM of its certificate, for `localhost`. */
  readonly ca: string | undefined;
  readonly pem: Pem | undefined;
}

/** Starts one that logs everybody in by PLAIN, and answers each IQ, but for what the script says. */
export async function startScriptedServer(
  over: 'tcp' | 'tls' | 'ws' | 'wss',
  script: Script = {},
): Promise<ScriptedServer> {
  const said: string[] = [];
  const clients: ScriptedClient[] = [];
  const isWebSocket = over === 'ws' || over === 'wss';
  const isSecure = over === 'tls' || over === 'wss';
  const pem = isSecure ? (script.pem ?? (await selfSigned())) : undefined;
  const join = (parts: Pick<ScriptedClient, 'sni' | 'alpn' | 'host' | 'send' | 'end'>) => {
    const client = { ...parts, number: clients.length + 1, isAuthenticated: false };
    clients.push(client);
    return (text: string): void => {
      said.push(text);
      if (script.takes?.(text, client) !== true) play(text, client, script, isWebSocket);
    };
  };
  const keys = pem === undefined ? {} : { key: pem.private, cert: pem.cert };
  let server: Server;
  if (isWebSocket) {
    const http = over === 'ws' ? createHttpServer() : createHttpsServer(keys);
    new WebSocketServer({ server: http, handleProtocols: () => 'xmpp' }).on(
      'connection',
      (socket, request) => {
        const sni = tlsOf(request.socket).sni;
        const hear = join({
          ...{ sni, alpn: undefined, host: request.headers.host },
          send: (xml) => socket.send(xml, { binary: false }),
          end: () => socket.close(),
        });
        socket.on('message', (data: Buffer) => hear(data.toString('utf8')));
      },
    );
    server = http;
  } else {
    const onSocket = (socket: Socket): void => {
      const { sni, alpn } = tlsOf(socket);
      const hear = join({
        ...{ sni, alpn, host: undefined },
        send: (xml) => socket.write(xml),
        end: () => socket.destroy(),
      });
      socket.setEncoding('utf8').on('error', () => {});
      socket.on('data', (data) => hear(String(data)));
    };
    server =
      over === 'tcp'
        ? createServer(onSocket)
        : createTlsServer({ ...keys, ALPNProtocols: ['xmpp-client', 'http/1.1'] }, onSocket);
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    said,
    clients,
    ca: pem?.cert,
    pem,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.end();
      server.close();
      await once(server, 'close');
    },
  };
}

function play(text: string, client: ScriptedClient, script: Script, isWebSocket: boolean): void {
  const { header = usualHeader(isWebSocket), features = usualFeatures } = script;
  const id = /<iq[^>]*\sid="([^"]+)"/.exec(text)?.[1] ?? '';
  const xmlns = isWebSocket ? ` xmlns='jabber:client'` : '';
  if (/<(stream:stream|open)/.test(text)) {
    client.send(header);
    const prefix = isWebSocket ? `features xmlns='${NS_STREAM}'` : 'stream:features';
    client.send(`<${prefix}>${features(client)}</${prefix.split(' ')[0] as string}>`);
  } else if (text.includes('<auth')) {
    client.isAuthenticated = true;
    client.send(`<success xmlns='${NS_SASL}'/>`);
  } else if (text.includes(NS_BIND)) {
    const bound = `<bind xmlns='${NS_BIND}'><jid>user_1@localhost/res1</jid></bind>`;
    client.send(`<iq${xmlns} type='result' id='${id}'>${bound}</iq>`);
  } else if (/<iq[^>]*type="[gs]et"/.test(text)) {
    client.send(`<iq${xmlns} type='result' id='${id}'/>`);
  } else if (/<close|<\/stream:stream>/.test(text)) client.end();
}

function usualHeader(isWebSocket: boolean): string {
  return isWebSocket
    ? `<open xmlns='${NS_FRAMING}' from='localhost' id='1' version='1.0'/>`
    : `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='${NS_STREAM}' from='localhost' id='1' version='1.0'>`;
}

/** PLAIN, then the binding of a resource. */
export function usualFeatures({ isAuthenticated }: ScriptedClient): string {
  return isAuthenticated
    ? `<bind xmlns='${NS_BIND}'/>`
    : `<mechanisms xmlns='${NS_SASL}'><mechanism>PLAIN</mechanism></mechanisms>`;
}

function tlsOf(socket: Socket): Pick<ScriptedClient, 'sni' | 'alpn'> {
  if (!(socket instanceof TLSSocket)) return { sni: undefined, alpn: undefined };
  const { servername, alpnProtocol } = socket as TLSSocket & { servername?: string | false };
  return { sni: servername === false ? undefined : servername, alpn: alpnProtocol ?? undefined };
}
