import { bracketed } from '../../lib/text/bracketed.ts';
import { parseElement } from '../element.ts';
import type { Element } from '../element.ts';
import { NS } from '../stanzas/namespaces.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import type { ConnectContext } from './connect-context.ts';
import { channelBindingsOf, mechanismsOf } from './features.ts';

/** What a server announces about itself in the features of its stream (RFC 6120 §4.3.2). */
export interface ServerOffer {
  /** Whether the features came over TLS. */
  isSecure: boolean;
  startTls: boolean;
  /** The mechanisms of SASL; `sasl2` has those of SASL2 (XEP-0388). */
  mechanisms: string[];
  sasl2: string[];
  bind2: boolean;
  fast: boolean;
  streamManagement: boolean;
  /** Channel binding types that the server announces (XEP-0440). */
  channelBindings: string[];
  registration: boolean;
  /** Names of all other features. */
  others: string[];
}

/** What happened in one login, for a person who must find out why it fails. */
export class LoginRecord {
  readonly #began = performance.now();
  /** The address that took the connection: after redirects, the last one. */
  target: string | undefined;
  connectedMs: number | undefined;
  isSecure = false;
  tls: TlsFacts | undefined;
  readonly offers: ServerOffer[] = [];
  mechanism: string | undefined;
  usesSasl2 = false;
  usesBind2 = false;

  /** The part of a context that fills this record. */
  readonly hooks: Pick<ConnectContext, 'watcher' | 'onWire'> = {
    watcher: () => (direction, text) => {
      if (direction === 'in') this.#heard(text);
      else this.#said(text);
    },
    onWire: (wire, { host, port }) => {
      const target = `${bracketed(host)}:${port}`;
      if (target !== this.target) this.offers.length = 0;
      this.target = target;
      this.connectedMs ??= performance.now() - this.#began;
      this.isSecure = wire.isSecure;
      this.tls = wire.tlsFacts?.();
    },
  };

  #heard(text: string): void {
    if (!/^<[\w:.-]*features[\s/>]/.test(text)) return;
    try {
      const features = parseElement(text);
      if (features.is('features', NS.stream)) this.offers.push(offerOf(features, this.isSecure));
    } catch {
      // The login itself reports a text that is not XML.
    }
  }

  #said(text: string): void {
    const [, isNewer, mechanism] =
      /^<auth(enticate)?\s[^>]*mechanism=["']([^"']+)/.exec(text) ?? [];
    if (mechanism === undefined) return;
    this.mechanism = mechanism;
    this.usesSasl2 = isNewer !== undefined;
    this.usesBind2 = text.includes(NS.bind2);
  }
}

const known = new Set([
  'starttls',
  'mechanisms',
  'authentication',
  'register',
  'sasl-channel-binding',
  'sm',
]);

function offerOf(features: Element, isSecure: boolean): ServerOffer {
  const sasl2 = features.getChild('authentication', NS.sasl2);
  const inline = sasl2?.getChild('inline');
  const names = features.getChildElements().map(({ name }) => name);
  return {
    isSecure,
    startTls: features.getChild('starttls', NS.tls) !== undefined,
    mechanisms: mechanismsOf(features.getChild('mechanisms', NS.sasl)),
    sasl2: mechanismsOf(sasl2),
    bind2: inline?.getChild('bind', NS.bind2) !== undefined,
    fast: inline?.getChild('fast', NS.fast) !== undefined,
    streamManagement:
      (features.getChild('sm', NS.sm) ?? inline?.getChild('sm', NS.sm)) !== undefined,
    channelBindings: channelBindingsOf(features) ?? [],
    registration: names.includes('register'),
    others: names.filter((name) => !known.has(name)),
  };
}
