/** The address of a WebSocket or BOSH service, taken from its URL. */
export interface ServerUrl {
  transport: 'websocket' | 'bosh';
  tls: 'none' | 'direct';
  /** A name, or an address without brackets. */
  host: string;
  port: number;
  /** Including the query, if there is one. */
  path: string;
}

const schemes: Readonly<Record<string, Pick<ServerUrl, 'transport' | 'tls'> | undefined>> = {
  'ws:': { transport: 'websocket', tls: 'none' },
  'wss:': { transport: 'websocket', tls: 'direct' },
  'http:': { transport: 'bosh', tls: 'none' },
  'https:': { transport: 'bosh', tls: 'direct' },
};

/** Reads a URL such as `wss://chat.example.org/xmpp`; `undefined` for any other text. */
export function readServerUrl(text: string): ServerUrl | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port, pathname, search, username, password, hash } = new URL(text);
  const kind = schemes[protocol];
  if (kind === undefined || hostname === '') return undefined;
  // No server needs any of these, and a password would be shown wherever the setting is.
  if (username !== '' || password !== '' || hash !== '') return undefined;
  return {
    ...kind,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (kind.tls === 'direct' ? 443 : 80) : Number(port),
    path: pathname + search,
  };
}

/** The URL that the user `id` takes from a comma-separated list; `{id}` in it is the user's id. */
export function urlOfUser(urls: string, id: number): string {
  const all = urls.split(',').map((each) => each.trim());
  return (all[id % all.length] as string).replaceAll('{id}', String(id));
}

/** Whether each URL of a list is valid; an empty list is valid too. */
export function checkUrls(urls: string): true | string {
  const all = urls === '' ? [] : urls.split(',').map((_, at) => urlOfUser(urls, at));
  return (
    all.every((each) => readServerUrl(each) !== undefined) ||
    'URLs that begin with ws://, wss://, http:// or https://, without user, password and #'
  );
}
