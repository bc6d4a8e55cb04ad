import { createHash } from 'node:crypto';
import { deferred } from '../../lib/time/async.ts';
import { AmocError, systemCode } from '../../lib/errors.ts';
import { escapeXml } from '../element.ts';
import { ConnectError } from '../errors.ts';
import type { ConnectStage } from '../errors.ts';
import { Session } from '../session/session.ts';
import type { SendBuffer } from '../session/session-parts.ts';
import { Stanza } from '../stanza.ts';
import { isStreamErrorStanza, readStreamError } from '../stanza-errors.ts';
import { defaultFrameLimits, frameLimitsOf } from '../wire/frame-grammar.ts';
import { attributeIn } from '../wire/framed.ts';
import { TcpWire } from '../wire/tcp-wire.ts';
import { nobody } from '../wire/wire.ts';
import type { WireOwner } from '../wire/wire.ts';
import { EarlyStanzas } from './early-stanzas.ts';
import type { ConnectContext } from './connect-context.ts';

/** How to connect as a component of a server. */
export interface ComponentOptions {
  host: string;
  port: number;
  localAddress?: string | undefined;
  /** The component's JID. */
  domain: string;
  secret: string;
  sendBuffer: SendBuffer;
  /** Maximum size of a received stanza, in bytes. @default 1 MiB */
  stanzaBytes?: number | undefined;
  timeoutMs: number;
}

/**
 * Connects as a component (XEP-0114 §3): a session whose stanzas carry their own `from`.
 *
 * @throws {ConnectError} naming the stage
 */
export async function connectComponent(
  options: ComponentOptions,
  context: ConnectContext,
): Promise<Session> {
  const began = performance.now();
  const { host, port, localAddress, domain, secret, timeoutMs, sendBuffer } = options;
  const { schedule, onAbort, observer, onError } = context;
  const ready = deferred<undefined>();
  let stage: ConnectStage = 'connect';
  const fail = (error: unknown): void => ready.reject(error);
  const { stanzaBytes = defaultFrameLimits.stanzaBytes } = options;
  const early = new EarlyStanzas(stanzaBytes);
  const owner: WireOwner = {
    connected: () => {
      stage = 'stream';
      wire.write(
        `<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='${escapeXml(domain)}'>`,
      );
    },
    opened: (tag) => {
      stage = 'authenticate';
      const proof = createHash('sha1').update((attributeIn(tag, 'id') ?? '') + secret);
      wire.write(`<handshake>${proof.digest('hex')}</handshake>`);
    },
    stanza: (text) => {
      const stanza = new Stanza(text);
      if (stanza.name === 'handshake') ready.resolve(undefined);
      else if (isStreamErrorStanza(stanza))
        fail(new AmocError('CONNECTION', readStreamError(stanza).text));
      else {
        const error = early.add(text);
        if (error !== undefined) fail(error);
      }
    },
    ended: () => fail(new AmocError('CONNECTION', 'closed by the server')),
    malformed: fail,
    drained: () => {},
    failed: fail,
    closed: () => fail(new AmocError('CONNECTION', 'closed by the server')),
  };
  const tlsOptions = { verify: true, ca: undefined, servername: domain };
  const limits = frameLimitsOf(stanzaBytes);
  const wire = new TcpWire({ host, port, localAddress }, tlsOptions, false, owner, limits);
  let removed: { reason: unknown } | undefined;
  const undo = onAbort?.((reason) => {
    removed = { reason };
    fail(reason);
  });
  const cancel = schedule(timeoutMs, () => {
    fail(new AmocError('TIMEOUT', `not completed within ${timeoutMs / 1000} s`));
  });
  try {
    await ready.promise;
  } catch (error) {
    wire.owner = nobody;
    wire.destroy();
    if ((removed as { reason: unknown } | undefined) !== undefined) throw error;
    throw new ConnectError(stage, `${host}:${port}`, error, systemCode(error));
  } finally {
    cancel();
    undo?.();
  }
  observer.connected('new', performance.now() - began);
  const session = new Session(domain, wire, { observer, schedule, sendBuffer, onError });
  session.replay(early.all);
  return session;
}
