/** Tokens that are kept; the oldest go. */
const MOST_TOKENS = 100_000;

/** Tokens of this process by account (XEP-0484): as a client keeps its own between two logins. */
const tokens = new Map<string, object>();

export function tokenOf(account: string): object | undefined {
  return tokens.get(account);
}

export function keepToken(account: string, token: object): void {
  tokens.set(account, token);
  if (tokens.size > MOST_TOKENS) tokens.delete(tokens.keys().next().value as string);
}

export function forgetToken(account: string): void {
  tokens.delete(account);
}
