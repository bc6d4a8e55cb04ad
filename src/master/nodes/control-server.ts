import type { Clock } from '../../lib/time/clock.ts';
import { allowsPlain } from '../../config/environment.ts';
import { demandCookie } from '../../protocol/cookie.ts';
import { AmocError, messageOf, stackOf } from '../../lib/errors.ts';
import { isLoopback } from '../../lib/system/loopback.ts';
import { acceptHandshake } from '../../protocol/handshake.ts';
import { MasterPeer } from '../../protocol/peer.ts';
import type { Transport } from '../../protocol/transport.ts';
import { listenForSlaves } from '../../protocol/websocket-transport.ts';
import type { ControlTls } from '../../protocol/control-tls.ts';
import type { ControlListener } from '../../protocol/websocket-transport.ts';
import type { Master } from '../master.ts';

/** Where and how slaves connect to the master. */
export interface ControlOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  cookie: string;
  clock: Clock;
  /** Keys and certificates for `wss:`. */
  tls?: ControlTls | undefined;
  /** Takes one line for each peer that was refused or cut off. */
  onRefused: (line: string) => void;
  /** A connection was refused because this many are open. */
  onFull?: (most: number) => void;
}

/**
 * Listens for slaves and passes to the master those that prove that they know the cookie.
 *
 * @throws {AmocError} `CONFIG` for a cookie that is too short, or an address beyond loopback without TLS
 * unless `AMOC_MASTER_PLAIN` allows it; `CONNECTION` when the address is taken.
 */
export async function openControlServer(
  master: Master,
  options: ControlOptions,
): Promise<ControlListener> {
  const { host, port, cookie, tls } = options;
  demandCookie(cookie);
  if (tls === undefined && !isLoopback(host) && !allowsPlain()) {
    throw new AmocError(
      'CONFIG',
      `${host} can be reached from other machines, and without TLS anyone on the network path can read and change what master and slaves send; run amoc certs and set the variables that it prints (AMOC_TLS_CERT and AMOC_TLS_KEY), or, on your own network, set AMOC_MASTER_PLAIN=allow`,
    );
  }
  return listenForSlaves({ host, port }, (transport) => void admit(master, transport, options), {
    tls,
    onFull: (most) => options.onFull?.(most),
  });
}

/** Handles one connection from its first frame until the master has taken it in. */
export async function admit(
  master: Master,
  transport: Transport,
  { cookie, clock, onRefused }: Pick<ControlOptions, 'cookie' | 'clock' | 'onRefused'>,
): Promise<void> {
  const { members } = master;
  let who = 'a connection';
  try {
    const { role, info, key } = await acceptHandshake(transport, cookie, clock, (joining) => {
      who = joining.info.name;
      return joining.role === 'slave' ? members.refusalOf(joining.info) : undefined;
    });
    transport.onTrusted();
    const peer = new MasterPeer(transport, clock);
    peer.onFault = (error) => onRefused(`${info.name} was cut off: ${faultOf(error)}`);
    const refusal =
      role === 'watchdog' ? members.watch(info, peer, key) : members.join(info, peer)?.reason;
    if (refusal === undefined) return;
    peer.close(refusal);
    onRefused(`refused ${info.name} from ${transport.remote}: ${refusal}`);
  } catch (error) {
    transport.close(messageOf(error));
    onRefused(`refused ${who} from ${transport.remote}: ${messageOf(error)}`);
  }
}

/** Why a message failed: the message of amoc's own error; for a defect of amoc, the place in the code. */
function faultOf(error: unknown): string {
  return error instanceof AmocError ? error.message : (stackOf(error) ?? messageOf(error));
}
