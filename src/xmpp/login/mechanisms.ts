import { NoMechanism } from '../errors.ts';
import type { ConnectOptions } from '../connect-options.ts';
import type { Wire } from '../wire/wire.ts';
import { bindTo, chooseBinding } from './channel-binding.ts';
import type { BindingInputs } from './channel-binding.ts';
import { saslPrepared } from './prepared.ts';
import { ScramClient, scramHashes } from './scram.ts';
import type { ScramMechanism } from './scram.ts';

/**
 * One SASL exchange, in the form that `@xmpp/client` needs (package saslmechanisms). Its texts have one
 * character for each byte of UTF-8, because the library encodes them with `btoa`.
 */
export interface SaslMechanism {
  name: string;
  clientFirst: true;
  response(): string | Promise<string>;
  challenge(bytes: string): void;
  /**
   * Whether the server's last message proves that it knows the password too; only some mechanisms can tell.
   */
  verifies?: (text: string) => boolean;
}

/** Kinds of warnings about a login. */
export type LoginWarning = 'clear-password' | 'few-rounds';

/** RFC 5802 §5.1, RFC 7677 §4: servers should ask for at least this many rounds. */
const USUAL_ROUNDS = 4096;

/** What a server announces about its logins. */
export interface SaslOffer {
  mechanisms: readonly string[];
  /** Channel binding types (XEP-0440); `undefined` when the server sends no list. */
  bindings: readonly string[] | undefined;
}

/** What an exchange works with. */
export interface SaslDeps {
  wire: Wire;
  /** Whether the login has not ended. @default it has not */
  isWanted?: () => boolean;
  /** Called with what exposes a password to eavesdroppers. */
  warn?: (warning: LoginWarning, text: string) => void;
}

const scramNames = Object.keys(scramHashes) as ScramMechanism[];

/** All mechanisms that the user can choose, the strongest first. */
export const mechanismNames = [
  ...scramNames.map((name) => `${name}-PLUS`),
  ...scramNames,
  'PLAIN',
  'EXTERNAL',
  'OAUTHBEARER',
  'X-OAUTH2',
  'ANONYMOUS',
] as const;

/** Those that `auto` picks, in this order; the others must be chosen by name. */
const automatic = [...scramNames, 'PLAIN', 'ANONYMOUS'];
/** `auto` picks these first where the server lists channel binding types: elsewhere they may fail. */
const automaticPlus = scramNames.map((name) => `${name}-PLUS`);

/**
 * Which of the offered mechanisms to use.
 *
 * @throws {NoMechanism} when none can be used
 */
export function chooseMechanism(options: ConnectOptions, offer: SaslOffer, wire: Wire): string {
  const { mechanism, certificate } = options;
  const { mechanisms: offered, bindings } = offer;
  if (mechanism !== 'auto') {
    if (offered.includes(mechanism)) return mechanism;
    throw new NoMechanism(
      `the server offers no mechanism ${mechanism}, only ${offered.join(', ')}`,
    );
  }
  if (certificate !== undefined && offered.includes('EXTERNAL')) return 'EXTERNAL';
  const isBindable =
    bindings !== undefined && chooseBinding(bindingInputs(options, offer, wire)) !== undefined;
  const known = isBindable ? [...automaticPlus, ...automatic] : automatic;
  const chosen = known.find((name) => offered.includes(name));
  if (chosen === undefined) {
    throw new NoMechanism(
      `no SASL mechanism in common; the server offers ${offered.join(', ') || 'none'}`,
    );
  }
  return chosen;
}

function bindingInputs(
  { channelBinding: wanted = 'auto' }: ConnectOptions,
  { bindings: listed }: SaslOffer,
  wire: Wire,
): BindingInputs {
  return { wire, listed, wanted };
}

/** Begins an exchange with the mechanism of that name. */
export function beginMechanism(
  name: string,
  options: ConnectOptions,
  offer: SaslOffer,
  deps: SaslDeps,
): SaslMechanism {
  const { username, password, domain, host, port } = options;
  if (isClear(name)) deps.warn?.('clear-password', `${name} sends the password in the clear`);
  switch (name) {
    case 'PLAIN':
      // RFC 4616 §2
      return once(name, `\0${username}\0${password}`);
    case 'ANONYMOUS':
      return once(name, '');
    case 'EXTERNAL':
      // RFC 6120 §6.3.4: empty, because the certificate says who the user is.
      return once(name, '');
    case 'OAUTHBEARER':
      // RFC 7628 §3.1
      return once(
        name,
        `n,a=${username}@${domain},\u0001host=${host}\u0001port=${port}\u0001auth=Bearer ${password}\u0001\u0001`,
        '\u0001',
      );
    case 'X-OAUTH2':
      return once(name, `\0${username}\0${password}`);
    default:
      return scram(name, () => scramClient(name, options, offer, deps));
  }
}

/** The UTF-8 of a text, one character for each byte. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** A mechanism with one message; with a challenge the server says what went wrong. */
function once(name: string, message: string, afterChallenge = ''): SaslMechanism {
  let response = bytesOf(message);
  return {
    name,
    clientFirst: true,
    response: () => response,
    challenge: () => (response = afterChallenge),
  };
}

/** Whether an eavesdropper can read the password, or the token. */
function isClear(name: string): boolean {
  return name === 'PLAIN' || name === 'X-OAUTH2' || name === 'OAUTHBEARER';
}

function scram(name: string, begin: () => Promise<ScramClient>): SaslMechanism {
  let client: ScramClient | undefined;
  let serverFirst: string | undefined;
  return {
    name,
    clientFirst: true,
    response: async () => {
      client ??= await begin();
      return bytesOf(serverFirst === undefined ? client.first() : await client.final(serverFirst));
    },
    challenge: (bytes) => (serverFirst = textOf(bytes)),
    verifies: (text) => client?.verifies(text) ?? false,
  };
}

async function scramClient(
  name: string,
  options: ConnectOptions,
  offer: SaslOffer,
  { wire, isWanted, warn }: SaslDeps,
): Promise<ScramClient> {
  const isPlus = name.endsWith('-PLUS');
  const mechanism = (isPlus ? name.slice(0, -5) : name) as ScramMechanism;
  const binding = isPlus ? await bindTo(bindingInputs(options, offer, wire)) : undefined;
  const { username, password, scramCache = true } = options;
  // RFC 5802 §6: say so when this side could have bound and the server did not offer it. TLS below HTTP gives
  // nothing to bind to.
  const isBindable = wire.isSecure && wire.channelBinding !== undefined;
  const offersPlus = offer.mechanisms.some((each) => each.endsWith('-PLUS'));
  const couldBind = !isPlus && isBindable && !offersPlus;
  return new ScramClient({
    mechanism,
    username: await saslPrepared(username),
    password,
    binding: binding ?? (couldBind ? 'unused' : undefined),
    isCached: scramCache,
    ...(isWanted === undefined ? {} : { isWanted }),
    onRounds: (rounds) => {
      if (rounds >= USUAL_ROUNDS) return;
      const text = `the server asks for ${rounds} rounds of SCRAM, RFC 5802 for ${USUAL_ROUNDS} or more: the password is easier to guess from an overheard login`;
      warn?.('few-rounds', text);
    },
  });
}
