import { randomBytes } from 'node:crypto';

/** Makes an id that tells a process from all earlier and later processes of the same name. */
export function newIdentity(): string {
  return randomBytes(8).toString('hex');
}
