import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConnectOptions } from '../../src/xmpp/connect-options.ts';
import { startScriptedServer, usualFeatures } from './scripted-server.ts';
import type { Pem } from './scripted-server.ts';

const NS_STREAM = 'http://etherx.jabber.org/streams';
const NS_BOSH = 'http://jabber.org/protocol/httpbind';
const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const NS_BIND = 'urn:ietf:params:xml:ns:xmpp-bind';

/** What carries the stream to a hostile server. */
export const hostileWires = ['tcp', 'tls', 'websocket', 'bosh'] as const;

/** One of {@link hostileWires}. */
export type HostileWire = (typeof hostileWires)[number];

/** When it becomes hostile: in place of what it offers, or when the session has sent presence. */
export type HostileStage = 'login' | 'session';

/** What it does: sends bytes as they are, and closes. */
export type Hostility = (client: {
  send: (bytes: string | Buffer) => void;
  end: () => void;
  stage: HostileStage;
}) => void;

/** A server that plays along, and then does something that it must not. */
export interface HostileServer extends AsyncDisposable {
  readonly port: number;
  /** PEM of its certificate. */
  readonly ca: string | undefined;
}

/** How a client reaches one over its wire. */
export function targetOf(
  wire: HostileWire,
  { ca }: Pick<HostileServer, 'ca'>,
): Pick<ConnectOptions, 'transport' | 'tls' | 'tlsCa'> {
  return {
    transport: wire === 'tls' ? 'tcp' : wire,
    tls: wire === 'tls' ? 'direct' : 'none',
    tlsCa: ca,
  };
}

/** Starts one. */
export async function startHostileServer(
  wire: HostileWire,
  stage: HostileStage,
  act: Hostility,
  pem?: Pem,
): Promise<HostileServer> {
  if (wire === 'bosh') return startBosh(stage, act);
  return startScriptedServer(wire === 'websocket' ? 'ws' : wire, {
    pem,
    takes: (text, client) => {
      const isLogin = !client.isAuthenticated && /<(stream:stream|open)/.test(text);
      if (stage === 'login' ? !isLogin : !text.includes('<presence')) return false;
      const { send, end } = client;
      if (stage === 'login') {
        send(
          wire === 'websocket'
            ? `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='localhost' id='1' version='1.0'/>`
            : `<stream:stream xmlns='jabber:client' xmlns:stream='${NS_STREAM}' from='localhost' id='1' version='1.0'>`,
        );
      }
      act({ send, end, stage });
      return true;
    },
  });
}

/** One that keeps a request until there is something to say (XEP-0124 §7). */
async function startBosh(stage: HostileStage, act: Hostility): Promise<HostileServer> {
  let isAuthenticated = false;
  let waiting: ServerResponse | undefined;
  const opening = `<body xmlns='${NS_BOSH}' xmlns:stream='${NS_STREAM}'`;
  const answer = (response: ServerResponse, content: string, attributes = ''): void => {
    response.end(`${opening}${attributes}>${content}</body>`);
  };
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void (async () => {
      let text = '';
      for await (const part of request) text += String(part);
      const isFirst = !/ sid=/.test(text);
      const isTime = stage === 'login' ? isFirst : text.includes('<presence');
      const session = ` sid='s1' wait='60' requests='2' hold='1' from='localhost'`;
      if (isTime) {
        const parts: Buffer[] = [Buffer.from(`${opening}${isFirst ? session : ''}>`)];
        act({
          send: (bytes) => parts.push(Buffer.from(bytes)),
          end: () => response.destroy(),
          stage,
        });
        if (!response.destroyed) response.end(Buffer.concat([...parts, Buffer.from('</body>')]));
        return;
      }
      const id = /<iq[^>]*\sid="([^"]+)"/.exec(text)?.[1] ?? '';
      const features = (): string => {
        const client = { isAuthenticated } as Parameters<typeof usualFeatures>[0];
        return `<stream:features>${usualFeatures(client)}</stream:features>`;
      };
      if (isFirst) answer(response, features(), session);
      else if (text.includes('xmpp:restart')) answer(response, features());
      else if (text.includes('<auth')) {
        isAuthenticated = true;
        answer(response, `<success xmlns='${NS_SASL}'/>`);
      } else if (text.includes(NS_BIND)) {
        const bound = `<bind xmlns='${NS_BIND}'><jid>user_1@localhost/res1</jid></bind>`;
        answer(response, `<iq xmlns='jabber:client' type='result' id='${id}'>${bound}</iq>`);
      } else {
        if (waiting !== undefined) answer(waiting, '');
        waiting = response;
      }
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    ca: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
