import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { LRUCache } from 'lru-cache';
import { parse } from 'ltx';
import { z } from 'zod';
import { AmocError, messageOf } from '../../lib/errors.ts';
import { KEPT_MS, MAX_DOMAINS } from './lookups.ts';
import { nodeTlsOptions } from './tls-options.ts';
import type { HttpSpec } from './transport-spec.ts';
import { transportOf } from './transports.ts';
import type { Transport } from './transports.ts';

/** How to request the document. */
export interface HostMetaOptions {
  transport: Transport;
  /** Whether the certificate of the domain is checked. */
  tlsVerify: boolean;
  /** PEM certificates to trust in addition to the system's. */
  tlsCa: string | undefined;
  timeoutMs: number;
}

/** Gets the text of a URL. */
export type FetchText = (url: string, options: HostMetaOptions) => Promise<string>;

interface Asked {
  options: HostMetaOptions;
  fetchText: FetchText;
}

const MAX_CHARACTERS = 64 * 1024;
const MAX_REDIRECTS = 3;

const answers = new LRUCache<string, string, Asked>({
  max: MAX_DOMAINS,
  ttl: KEPT_MS,
  fetchMethod: (key, _stale, { context }) => lookUp(key.slice(key.indexOf(' ') + 1), context),
});

/**
 * The URL of a domain's WebSocket or BOSH service, from its `/.well-known/host-meta` (XEP-0156 §3): from the
 * XML form, which each such domain has, or else from the JSON form. Looked up once a minute.
 *
 * @param fetchText set by tests only
 * @throws {AmocError} `CONNECTION` when the domain names no such URL
 */
export function findByHostMeta(
  domain: string,
  options: HostMetaOptions,
  fetchText: FetchText = getText,
): Promise<string> {
  const context: Asked = { options, fetchText };
  return answers.forceFetch(`${options.transport} ${domain}`, { context });
}

async function lookUp(domain: string, { options, fetchText }: Asked): Promise<string> {
  const { title, http } = transportOf(options.transport);
  if (http === undefined) throw new AmocError('CONFIG', `host-meta has no links for ${title}`);
  const base = `https://${domain}/.well-known/host-meta`;
  const reasons: string[] = [];
  for (const [url, read] of [
    [base, linksOfXml],
    [`${base}.json`, linksOfJson],
  ] as const) {
    try {
      const links = read(await fetchText(url, options));
      const usable = links.flatMap(({ rel, href }) => (rel === http.link ? [href] : []));
      const found = bestOf(usable, http);
      if (found !== undefined) return found;
      reasons.push(`${url} has no link ${http.link}`);
    } catch (error) {
      reasons.push(`${url}: ${messageOf(error)}`);
    }
  }
  throw new AmocError(
    'CONNECTION',
    `${domain} does not say where its ${title} service is (${reasons.join('; ')}); give the URL with AMOC_XMPP_URL and switch AMOC_XMPP_HOST_META off`,
  );
}

interface Link {
  rel: string;
  href: string;
}

/** URLs with TLS come first (XEP-0156 §6). */
function bestOf(hrefs: readonly string[], { scheme: plain }: HttpSpec): string | undefined {
  for (const scheme of [`${plain}s:`, `${plain}:`]) {
    const found = hrefs.find((href) => URL.canParse(href) && new URL(href).protocol === scheme);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** XRD 1.0 §2: `<XRD><Link rel='…' href='…'/></XRD>`, after a declaration. */
function linksOfXml(text: string): Link[] {
  // Not the parser of streams: a document may have comments.
  const root = parse(text);
  const links = root.getChildElements().filter((each) => each.getName() === 'Link');
  return links.flatMap(({ attrs }) => linkOf(attrs as Partial<Link>));
}

const jrd = z.object({
  links: z
    .array(z.object({ rel: z.string().exactOptional(), href: z.string().exactOptional() }))
    .default([]),
});

/** RFC 6415 §3.3 */
function linksOfJson(text: string): Link[] {
  const { links } = jrd.parse(JSON.parse(text));
  return links.flatMap(linkOf);
}

function linkOf({ rel, href }: Partial<Link>): Link[] {
  return rel === undefined || href === undefined ? [] : [{ rel, href }];
}

/** HTTPS only: anyone who could change the answer could take over the logins (XEP-0156 §6). */
async function getText(url: string, options: HostMetaOptions): Promise<string> {
  const signal = AbortSignal.timeout(options.timeoutMs);
  let at = url;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const answer = await ask(at, options, signal);
    const { statusCode: status = 0, headers } = answer;
    if (status === 200) return readBounded(answer);
    answer.destroy();
    const { location } = headers;
    if (status < 300 || status > 399 || location === undefined) {
      throw new AmocError('CONNECTION', `HTTP ${status}`);
    }
    at = new URL(location, at).href;
    if (!at.startsWith('https:')) {
      throw new AmocError('CONNECTION', `redirected to ${at}, which is not HTTPS`);
    }
  }
  throw new AmocError('CONNECTION', `redirected more than ${MAX_REDIRECTS} times`);
}

function ask(
  url: string,
  { tlsVerify: verify, tlsCa: ca }: HostMetaOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const tls = nodeTlsOptions({ verify, ca, servername: new URL(url).hostname });
  return new Promise((resolve, reject) => {
    const request = https.get(url, { ...tls, agent: false, signal }, resolve);
    request.once('error', reject);
  });
}

async function readBounded(answer: IncomingMessage): Promise<string> {
  let text = '';
  answer.setEncoding('utf8');
  for await (const part of answer) {
    text += part as string;
    if (text.length > MAX_CHARACTERS) {
      throw new AmocError('CONNECTION', `more than ${MAX_CHARACTERS} characters`);
    }
  }
  return text;
}
