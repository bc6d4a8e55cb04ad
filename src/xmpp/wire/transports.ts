import { bosh } from './bosh-wire.ts';
import { tcp } from './tcp-wire.ts';
import type { TransportSpec } from './transport-spec.ts';
import { websocket } from './web-socket-wire.ts';

/** All transports by the name that settings and options use. A new one is one file and one line here. */
export const transports = { tcp, websocket, bosh } satisfies Record<string, TransportSpec>;

/** The transport of an XMPP stream. */
export type Transport = keyof typeof transports;

/** The names of all transports. */
export const transportNames = Object.keys(transports) as Transport[];

/** The transport of that name. */
export function transportOf(name: Transport): TransportSpec {
  return transports[name];
}
