import type { Clock } from '../lib/clock.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { acceptHandshake } from '../protocol/handshake.ts';
import { MasterPeer } from '../protocol/peer.ts';
import type { Transport } from '../protocol/transport.ts';
import { listenForSlaves } from '../protocol/websocket-transport.ts';
import type { ControlTls } from '../protocol/control-tls.ts';
import type { ControlListener } from '../protocol/websocket-transport.ts';
import type { Master } from './master.ts';

/** The shortest cookie that may guard an address which other machines reach. */
const SHORTEST_PUBLIC_COOKIE = 32;

/** Where slaves dial in. */
export interface ControlOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  cookie: string;
  clock: Clock;
  /** Keys and certificates for `wss:`. */
  tls?: ControlTls | undefined;
  /** One line for each peer that was refused. */
  onRefused: (line: string) => void;
}

/**
 * Listens for slaves and hands to the master those that prove to know the cookie.
 *
 * @throws {AmocError} `CONFIG` for an address beyond loopback with a short cookie, `CONNECTION` when
 * the address is taken.
 */
export async function openControlServer(
  master: Master,
  options: ControlOptions,
): Promise<ControlListener> {
  const { host, port, cookie, tls } = options;
  if (!isLoopback(host) && cookie.length < SHORTEST_PUBLIC_COOKIE) {
    throw new AmocError(
      'CONFIG',
      `${host} can be reached from other machines, and the cookie has ${cookie.length} characters; take one of at least ${SHORTEST_PUBLIC_COOKIE} (AMOC_COOKIE)`,
    );
  }
  return listenForSlaves(
    { host, port },
    (transport) => void admit(master, transport, options),
    tls,
  );
}

/** One connection from its first frame to its place in the master. */
export async function admit(
  master: Master,
  transport: Transport,
  { cookie, clock, onRefused }: Pick<ControlOptions, 'cookie' | 'clock' | 'onRefused'>,
): Promise<void> {
  try {
    const { role, info } = await acceptHandshake(transport, cookie, clock);
    transport.onTrusted();
    const peer = new MasterPeer(transport, clock);
    if (role === 'watchdog') {
      master.members.watch(info, peer);
      return;
    }
    const refusal = master.members.join(info, peer);
    if (refusal === undefined) return;
    peer.close(refusal);
    onRefused(`refused ${info.name} from ${transport.remote}: ${refusal}`);
  } catch (error) {
    onRefused(`refused a connection from ${transport.remote}: ${messageOf(error)}`);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
