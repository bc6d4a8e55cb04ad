import { userInfo } from 'node:os';

/** Who runs this process: the account's name, or `uid10001` where the system knows no name (a container). */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid${process.getuid?.() ?? ''}`;
  }
}
