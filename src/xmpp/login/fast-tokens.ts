/** Tokens that are kept; the oldest go. */
const MOST_TOKENS = 100_000;

/** Characters of a token that is kept; the password serves in place of a longer one. */
const LONGEST_TOKEN = 4096;

/** Tokens of this process by account (XEP-0484): as a client keeps its own between two logins. */
const tokens = new Map<string, object>();

export function tokenOf(account: string): object | undefined {
  return tokens.get(account);
}

export function keepToken(account: string, token: object): void {
  if (JSON.stringify(token).length > LONGEST_TOKEN) return;
  tokens.set(account, token);
  if (tokens.size > MOST_TOKENS) tokens.delete(tokens.keys().next().value as string);
}

export function forgetToken(account: string): void {
  tokens.delete(account);
}
