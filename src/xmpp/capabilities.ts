import { createHash } from 'node:crypto';
import { xml } from './element.ts';
import type { Element } from './element.ts';
import type { Stanza } from './stanza.ts';
import { iq } from './stanzas/iq.ts';
import { presence } from './stanzas/presence.ts';
import { NS } from './stanzas/namespaces.ts';

/** What an entity is (XEP-0030 §3.1). */
export interface Identity {
  category: string;
  type: string;
  name?: string;
  lang?: string;
}

/** What a client announces about itself. */
export interface CapabilityOptions {
  /** URI that identifies the software (XEP-0115 §4). @default 'urn:amoc' */
  node?: string;
  /** @default a client of type `bot`, named amoc */
  identities?: readonly Identity[];
  /**
   * Features in addition to those of every session (service discovery, capabilities, ping, version). A
   * feature that ends in `+notify` asks for the events of that node of the contacts' accounts (XEP-0163
   * §4.3).
   */
  features?: readonly string[];
}

/** A session's identities and features, with their hash (XEP-0115). */
export interface Capabilities {
  readonly node: string;
  /** The verification string: base64 of a SHA-1 (XEP-0115 §5.1). */
  readonly ver: string;
  /** The element to put into a presence: `presence({ extensions: [capabilities.element] })`. */
  readonly element: Element;
  /**
   * The answer to a `disco#info` request, also to one for the `node#ver` of a presence; `item-not-found` for
   * another node. A session that was given these capabilities sends this answer by itself.
   */
  answer(asked: Stanza): Element;
}

const usualFeatures = [NS.discoInfo, NS.caps, NS.ping, NS.version];

/**
 * Describes a client's identities and features for service discovery and presence (XEP-0115):
 *
 * ```ts
 * const can = capabilities({ features: ['urn:xmpp:omemo:2:devices+notify'] });
 * const session = await user.connect({ capabilities: can }); // answers disco#info
 * await session.send(presence({ extensions: [can.element] }));
 * ```
 */
export function capabilities({
  node = 'urn:amoc',
  identities = [{ category: 'client', type: 'bot', name: 'amoc' }],
  features = [],
}: CapabilityOptions = {}): Capabilities {
  const all = [...new Set([...usualFeatures, ...features])];
  const ver = verificationString(identities, all);
  return {
    node,
    ver,
    get element() {
      return presence.caps(node, ver);
    },
    answer(asked) {
      const wanted = asked.payload?.attrs['node'] as string | undefined;
      if (wanted !== undefined && wanted !== `${node}#${ver}`) {
        return iq.error(asked, 'cancel', 'item-not-found');
      }
      const children = [
        ...identities.map(({ category, type, name, lang }) =>
          xml('identity', { category, type, name, 'xml:lang': lang }),
        ),
        ...all.map((name) => xml('feature', { var: name })),
      ];
      return iq.result(asked, xml('query', { xmlns: NS.discoInfo, node: wanted }, ...children));
    },
  };
}

/** The capabilities of a session that was given no others. */
export const usualCapabilities = capabilities();

/**
 * The hash of identities and features, both sorted by their octets (XEP-0115 §5.1). Forms are left out: a
 * client of a load test has none.
 */
export function verificationString(
  identities: readonly Identity[],
  features: readonly string[],
): string {
  const lines = identities.map(({ category, type, lang = '', name = '' }) => ({
    order: `${category}/${type}/${lang}`,
    line: `${category}/${type}/${lang}/${name}<`,
  }));
  lines.sort((one, other) => byOctets(one.order, other.order));
  const names = [...features].sort(byOctets).map((feature) => `${feature}<`);
  const text = lines.map(({ line }) => line).join('') + names.join('');
  return createHash('sha1').update(text).digest('base64');
}

/** The collation `i;octet` (RFC 4790 §9.3). */
function byOctets(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
