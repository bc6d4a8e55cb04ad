import { AmocError } from '../../lib/errors.ts';
import type { ConnectOptions } from '../connect-options.ts';
import type { Element } from '../element.ts';
import { NS } from '../stanzas/namespaces.ts';
import type { Wire } from '../wire/wire.ts';
import { forgetToken, keepToken, tokenOf } from './fast-tokens.ts';
import type { Authenticate, Library } from './library-client.ts';
import { beginMechanism, chooseMechanism, mechanismNames } from './mechanisms.ts';
import type { LoginWarning, SaslMechanism, SaslOffer } from './mechanisms.ts';
import { userAgentOf } from './user-agent.ts';

/** What an {@link Authentication} needs from the login that it is a part of. */
export interface AuthenticationDeps {
  wire: () => Wire | undefined;
  /** Whether the login has not ended. */
  isWanted: () => boolean;
  warn: (warning: LoginWarning, text: string) => void;
}

/** The part of a login in which both sides prove their identity. */
export class Authentication {
  readonly #options: ConnectOptions;
  readonly #deps: AuthenticationDeps;
  #mechanism: SaslMechanism | undefined;
  #chosen: string | undefined;
  #hasToken = false;

  constructor(options: ConnectOptions, deps: AuthenticationDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Whether the server accepted a token in place of a password (XEP-0484). */
  get wasByToken(): boolean {
    return this.#hasToken;
  }

  /**
   * Installs amoc's mechanisms in place of the library's: its SCRAM creates a promise for each of its
   * thousands of rounds, 0.3 s of a core for one login with the 10,000 rounds of prosody, where OpenSSL takes
   * 5 ms.
   *
   * @throws {AmocError} `CONNECTION` when no mechanism can be used
   */
  prepare(xmpp: Library, offer: SaslOffer): void {
    const { isWanted, warn } = this.#deps;
    const wire = this.#deps.wire() as Wire;
    this.#chosen = chooseMechanism(this.#options, offer, wire);
    const begin = (name: string): SaslMechanism => {
      const deps = { wire, isWanted, warn };
      return (this.#mechanism = beginMechanism(name, this.#options, offer, deps));
    };
    xmpp.saslFactory._mechs = mechanismNames.map((name) => ({
      name,
      mech: function Mechanism() {
        return begin(name);
      },
    }));
    const { account, password } = this.#who();
    Object.assign(xmpp.fast, {
      saveToken: (token: object) => {
        keepToken(account, password, token);
        return Promise.resolve();
      },
      fetchToken: () => Promise.resolve(tokenOf(account, password)),
      deleteToken: () => {
        forgetToken(account, password);
        this.#hasToken = false;
        return Promise.resolve();
      },
    });
  }

  /** Gives the credentials to the library's SASL, once the server has said what it offers. */
  async run(
    authenticate: Parameters<Authenticate>[0],
    fast: Parameters<Authenticate>[2],
  ): Promise<void> {
    const { account, username, password } = this.#who();
    const token = fast === null ? undefined : tokenOf(account, password);
    this.#hasToken = token !== undefined;
    const mechanism = this.#chosen as string;
    const credentials = mechanism === 'ANONYMOUS' ? {} : { username, password, token };
    await authenticate(credentials, mechanism, userAgentOf(account));
  }

  /**
   * @returns an error when the server does not prove that it knows the password: then it is not the right
   * server (RFC 5802 §5)
   */
  doubt(element: Element): AmocError | undefined {
    const { verifies } = this.#mechanism ?? {};
    if (verifies === undefined || element.name !== 'success') return undefined;
    const isSasl2 = element.is('success', NS.sasl2);
    if (!isSasl2 && !element.is('success', NS.sasl)) return undefined;
    const data = isSasl2 ? (element.getChildText('additional-data') ?? '') : element.text();
    if (verifies(Buffer.from(data, 'base64').toString('utf8'))) return undefined;
    const text = 'the server did not prove that it knows the password (wrong SCRAM signature)';
    return new AmocError('AUTHENTICATION', text);
  }

  #who(): { account: string; username: string; password: string } {
    const { username, password, domain } = this.#options;
    return { account: `${username}@${domain}`, username, password };
  }
}
