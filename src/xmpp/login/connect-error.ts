import { systemCode } from '../../lib/errors.ts';
import { ConnectError } from '../errors.ts';
import type { ConnectStage } from '../errors.ts';

/** Turns any failure of a login into an error that names the stage that the login had reached. */
export function connectErrorOf(
  error: unknown,
  stage: ConnectStage,
  { host, port }: { host: string; port: number },
): ConnectError {
  if (error instanceof ConnectError) return error;
  const condition = (error as { condition?: unknown } | null)?.condition;
  const isTls = systemCode(error)?.match(/CERT|SSL|TLS|UNABLE_TO_VERIFY|ALTNAME/) != null;
  return new ConnectError(
    isTls ? 'tls' : stage,
    `${host}:${port}`,
    error,
    typeof condition === 'string' ? condition : undefined,
  );
}
