/** Maximum number of tokens that are kept; the oldest are dropped. */
const MAX_TOKENS = 100_000;

/** Maximum length of a token that is kept; in place of a longer one the password is used. */
const MAX_TOKEN_LENGTH = 4096;

/**
 * Tokens of this process (XEP-0484), kept between two logins as a client keeps its own. They are kept by
 * account and password: a login with another password must show what the server says to that one.
 */
const tokens = new Map<string, object>();

export function tokenOf(account: string, password: string): object | undefined {
  return tokens.get(keyOf(account, password));
}

export function keepToken(account: string, password: string, token: object): void {
  if (JSON.stringify(token).length > MAX_TOKEN_LENGTH) return;
  tokens.set(keyOf(account, password), token);
  if (tokens.size > MAX_TOKENS) tokens.delete(tokens.keys().next().value as string);
}

export function forgetToken(account: string, password: string): void {
  tokens.delete(keyOf(account, password));
}

function keyOf(account: string, password: string): string {
  return `${account}\0${password}`;
}
