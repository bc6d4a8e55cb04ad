import { systemCode } from '../lib/errors.ts';

/**
 * Whether every address of the master refused a connection, so that no master is running there. An address
 * that did not answer may have a master that is about to give this process's users to others.
 */
export function wasRefused(error: unknown): boolean {
  const { cause } = (error ?? {}) as { cause?: unknown };
  const causes: unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  return causes.length > 0 && causes.every((each) => systemCode(each) === 'ECONNREFUSED');
}
