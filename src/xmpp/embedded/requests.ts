import { VERSION } from '../../lib/system/version.ts';
import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iqResult } from './answers.ts';
import { missing } from './missing.ts';
import { NS } from '../stanzas/namespaces.ts';

/** Answers requests to the server itself, except those that change an account. */
export function answerForServer(iq: Element, services: readonly Element[]): Element {
  return answer(iq, () => xml('query', { xmlns: NS.discoItems }, ...services), serverInfo);
}

/** Answers requests to the client's own account. */
export function answerForAccount(iq: Element): Element {
  return answer(iq, () => xml('query', { xmlns: NS.discoItems }), accountInfo);
}

function answer(iq: Element, items: () => Element, info: () => Element): Element {
  const [payload] = iq.getChildElements();
  const isGet = iq.attrs['type'] === 'get';
  switch (payload?.getNS() ?? '') {
    case NS.ping:
      if (isGet) return iqResult(iq);
      break;
    case NS.session:
      return iqResult(iq);
    case NS.version:
      if (isGet) return iqResult(iq, version());
      break;
    case NS.discoItems:
      if (isGet) return iqResult(iq, items());
      break;
    case NS.discoInfo:
      if (isGet) return iqResult(iq, info());
      break;
  }
  return missing(iq);
}

/** XEP-0092 §2. */
function version(): Element {
  const parts = { name: 'amoc embedded server', version: VERSION };
  const inner = Object.entries(parts).map(([name, text]) => xml(name, {}, text));
  return xml('query', { xmlns: NS.version }, ...inner);
}

function serverInfo(): Element {
  const features = [NS.ping, NS.register, NS.roster, NS.version, 'msgoffline'];
  return infoOf({ category: 'server', type: 'im', name: 'amoc embedded server' }, features);
}

function accountInfo(): Element {
  return infoOf({ category: 'account', type: 'registered' }, [NS.ping]);
}

/** XEP-0030 §3.1. */
export function infoOf(
  identity: Readonly<Record<string, string>>,
  features: readonly string[],
): Element {
  return xml(
    'query',
    { xmlns: NS.discoInfo },
    xml('identity', identity),
    ...[NS.discoInfo, NS.discoItems, ...features].map((name) => xml('feature', { var: name })),
  );
}
