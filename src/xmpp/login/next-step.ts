import type { ConnectOptions } from '../connect-options.ts';
import type { Element } from '../element.ts';
import { NS } from '../stanzas/namespaces.ts';
import { channelBindingsOf, mechanismsOf } from './features.ts';
import type { SaslOffer } from './mechanisms.ts';

/** What to do about the features of a stream. */
export type LoginStep =
  /** Upgrade to TLS. */
  | { do: 'upgrade' }
  /** Give up: the options demand what the server does not offer. */
  | { do: 'refuse'; why: string }
  /** Stop here: the server waits for a login, and none is wanted. */
  | { do: 'stop' }
  /** Log in. */
  | { do: 'authenticate'; offer: SaslOffer }
  /** Resume the earlier session; without success, bind a resource. */
  | { do: 'resume' }
  /** Let the library process them: it binds a resource. */
  | { do: 'bind' };

/** What the decision depends on in addition to features and options. */
export interface LoginState {
  /** Whether the wire can be upgraded: HTTP brings its own TLS (RFC 7395 §3.9, XEP-0206 §3). */
  canUpgrade: boolean;
  isSecure: boolean;
  /** Whether the stream is only to be opened, without a login. */
  opensOnly: boolean;
}

/** The next step of a login, for the features that the server has just sent. */
export function nextStep(
  features: Element,
  { tls, resume, sasl2 = true }: Pick<ConnectOptions, 'tls' | 'resume' | 'sasl2'>,
  { canUpgrade, isSecure, opensOnly }: LoginState,
): LoginStep {
  const offersTls = canUpgrade && features.getChild('starttls', NS.tls) !== undefined;
  if (!isSecure && (tls === 'starttls' || tls === 'auto') && offersTls) return { do: 'upgrade' };
  if (!isSecure && tls === 'starttls') {
    return { do: 'refuse', why: 'the server does not offer STARTTLS' };
  }
  const newer = sasl2 ? features.getChild('authentication', NS.sasl2) : undefined;
  const offer = newer ?? features.getChild('mechanisms', NS.sasl);
  if (offer !== undefined) {
    if (opensOnly) return { do: 'stop' };
    const bindings = channelBindingsOf(features);
    return { do: 'authenticate', offer: { mechanisms: mechanismsOf(offer), bindings } };
  }
  const canResume = resume !== undefined && features.getChild('sm', NS.sm) !== undefined;
  return { do: canResume ? 'resume' : 'bind' };
}

/** Whether the server demands a session (RFC 3921 §3); newer servers call it optional. */
export function demandsSession(features: Element): boolean {
  const session = features.getChild('session', NS.session);
  return session !== undefined && session.getChild('optional') === undefined;
}
