import type { ConnectOptions } from '../connect-options.ts';
import type { Element } from '../element.ts';
import { NS } from '../stanzas/namespaces.ts';

/** Removes the features of a stream that the library must not act on. */
export function withoutUnwanted(
  features: Element,
  { sasl2 = true, resume, mechanism }: Pick<ConnectOptions, 'sasl2' | 'resume' | 'mechanism'>,
): void {
  features.remove('starttls', NS.tls);
  // Stream management is the session's task, and only on request.
  features.remove('sm', NS.sm);
  if (!sasl2) features.remove('authentication', NS.sasl2);
  const inline = features.getChild('authentication', NS.sasl2)?.getChild('inline');
  if (resume === undefined) inline?.remove('sm', NS.sm);
  // A token would replace the mechanism that the user has chosen (XEP-0484 §3.1).
  if (mechanism !== 'auto') inline?.remove('fast', NS.fast);
  // Bind 2 would enable stream management by itself (XEP-0386 §3).
  const bind = inline?.getChild('bind', NS.bind2)?.getChild('inline');
  if (bind === undefined) return;
  bind.children = bind.children.filter(
    (child) => typeof child === 'string' || child.attrs['var'] !== NS.sm,
  );
}

/** Channel binding types that a server announces (XEP-0440 §3); `undefined` when it does not mention them. */
export function channelBindingsOf(features: Element): string[] | undefined {
  return features
    .getChild('sasl-channel-binding', NS.channelBindings)
    ?.getChildren('channel-binding')
    .map(({ attrs }) => String(attrs['type']));
}

/** Names of the mechanisms in an offer of SASL or SASL2. */
export function mechanismsOf(offer: Element | undefined): string[] {
  return offer?.getChildren('mechanism').map((each) => each.text()) ?? [];
}
