/** A host as it is written in a URL and before a port: an IPv6 address is in brackets (RFC 3986 §3.2.2). */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
