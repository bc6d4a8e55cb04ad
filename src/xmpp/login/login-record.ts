import { bracketed } from '../../lib/bracketed.ts';
import { parseElement } from '../element.ts';
import type { Element } from '../element.ts';
import { NS } from '../stanzas/namespaces.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import type { ConnectContext } from './connect-context.ts';
import { channelBindingsOf, mechanismsOf } from './features.ts';

/** What a server says of itself in the features of its stream (RFC 6120 §4.3.2). */
export interface ServerOffer {
  /** Whether it came over TLS. */
  isSecure: boolean;
  startTls: boolean;
  /** Of SASL, and of SASL2 (XEP-0388). */
  mechanisms: string[];
  sasl2: string[];
  bind2: boolean;
  fast: boolean;
  streamManagement: boolean;
  /** Types of channel binding that it says it has (XEP-0440). */
  channelBindings: string[];
  registration: boolean;
  /** Names of what else there is. */
  others: string[];
}

/** What went on in one login, as it is told to whom it did not work for. */
export class LoginRecord {
  readonly #began = performance.now();
  /** The address that took the connection, the last one of those that it was sent to. */
  target: string | undefined;
  connectedMs: number | undefined;
  isSecure = false;
  tls: TlsFacts | undefined;
  readonly offers: ServerOffer[] = [];
  mechanism: string | undefined;
  usesSasl2 = false;
  usesBind2 = false;

  /** What a context needs for it. */
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
      // What is no XML is the login's own to complain of.
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
