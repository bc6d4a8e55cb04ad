import { userInfo } from 'node:os';

/** The account that runs this process: its name, or `uid10001` where the system knows no name (a container). */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid${process.getuid?.() ?? ''}`;
  }
}
