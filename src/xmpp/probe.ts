import net from 'node:net';
import tls from 'node:tls';
import { Parser } from '@xmpp/xml';
import { withTimeout } from '../lib/abort.ts';
import { AmocError } from '../lib/errors.ts';
import { nodeTlsOptions } from './wire/tls-options.ts';
import type { TlsOptions } from './wire/tls-options.ts';
import type { Element } from './element.ts';

/** What a server says of itself before the login (RFC 6120 §4.3.2). */
export interface ServerOffer {
  startTls: boolean;
  mechanisms: string[];
  registration: boolean;
}

/** Where to ask. */
export interface ProbeOptions {
  host: string;
  port: number;
  domain: string;
  /** TLS from the first byte. */
  direct: TlsOptions | undefined;
  timeoutMs: number;
}

/**
 * Opens a stream over TCP and reads the server's features.
 *
 * @throws whatever the connection fails with, or {@link AmocError} `TIMEOUT` / `CONNECTION`.
 */
export async function probe(options: ProbeOptions): Promise<ServerOffer> {
  const { host, port, domain, direct, timeoutMs } = options;
  const socket =
    direct === undefined
      ? net.connect({ host, port })
      : tls.connect({ host, port, ...nodeTlsOptions(direct) });
  try {
    return await withTimeout(readFeatures(socket, domain), timeoutMs, 'the answer of the server');
  } finally {
    socket.destroy();
  }
}

function readFeatures(socket: net.Socket, domain: string): Promise<ServerOffer> {
  return new Promise((resolve, reject) => {
    const parser = new Parser();
    socket.setEncoding('utf8');
    socket.once(socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect', () => {
      socket.write(
        `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`,
      );
    });
    socket.on('data', (text) => parser.write(text));
    socket.on('error', reject);
    socket.on('close', () =>
      reject(new AmocError('CONNECTION', 'the server closed the connection')),
    );
    parser.on('error', () => reject(new AmocError('CONNECTION', 'this is no XMPP server')));
    parser.on('element', (element: Element) => {
      if (element.name === 'stream:features') resolve(describe(element));
      else if (element.name === 'stream:error') {
        const condition = element.getChildElements()[0]?.name ?? 'an error';
        reject(
          new AmocError('CONNECTION', `the server answered ${condition} to the domain ${domain}`),
        );
      }
    });
  });
}

function describe(features: Element): ServerOffer {
  const mechanisms = features.getChild('mechanisms')?.getChildren('mechanism') ?? [];
  return {
    startTls: features.getChild('starttls') !== undefined,
    mechanisms: mechanisms.map((each) => each.text()),
    registration: features.getChild('register') !== undefined,
  };
}
