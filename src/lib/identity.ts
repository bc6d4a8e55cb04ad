import { randomBytes } from 'node:crypto';

/** Tells a process from every other that has its name, before and after. */
export function newIdentity(): string {
  return randomBytes(8).toString('hex');
}
