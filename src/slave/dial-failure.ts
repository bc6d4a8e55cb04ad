import { systemCode } from '../lib/errors.ts';

/**
 * Whether every address of the master refused a connection, so that no master is there. Where one did
 * not answer, a master may be behind it that is about to give this node's users to others.
 */
export function wasRefused(error: unknown): boolean {
  const { cause } = (error ?? {}) as { cause?: unknown };
  const causes: unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  return causes.length > 0 && causes.every((each) => systemCode(each) === 'ECONNREFUSED');
}
