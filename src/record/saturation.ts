/** Above this share of a core, or this lateness of the event loop, figures reflect the load generator. */
const MAX_CPU = 0.9;
const MAX_DELAY_MS = 100;

/**
 * Why a process measures its own slowness instead of the server's; `undefined` when it does not.
 *
 * @param load `cpu` is a share of a core, 0 to 1
 */
export function saturationOf(load: { cpu: number; loopDelayMs: number }): string | undefined {
  const { cpu, loopDelayMs } = load;
  if (loopDelayMs > MAX_DELAY_MS) return `its event loop is ${Math.round(loopDelayMs)} ms late`;
  return cpu > MAX_CPU ? `its CPU is at ${Math.round(cpu * 100)} %` : undefined;
}
