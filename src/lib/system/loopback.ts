import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Whether only this machine reaches an address: `localhost`, `127.0.0.0/8`, `::1`. Any other name counts as
 * reachable from outside, whatever it resolves to.
 *
 * @param host a name or an address; an IPv6 address may have the brackets of a URL
 */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(address);
  if (version === 0) return /^localhost\.?$/i.test(address);
  return loopback.check(address, version === 4 ? 'ipv4' : 'ipv6');
}
