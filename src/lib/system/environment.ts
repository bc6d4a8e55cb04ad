/**
 * The environment variables of this process. Code reads them through this module: amoc's own ones, with their
 * checks, through `src/config/environment.ts`.
 */
export function processEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}

/** Variables of the system, of Node.js and of other programs that amoc reads, and what for. */
export const foreignVariables = {
  FORCE_COLOR: 'colors although the output is not a terminal; 0: none',
  HOME: 'the folder of .cache, where XDG_CACHE_HOME is not set',
  MALLOC_MMAP_THRESHOLD_: "glibc's; kept if it is set, otherwise set for nodes in the background",
  NO_COLOR: 'no colors',
  NOTIFY_SOCKET: 'systemd waits for READY=1 there',
  TERM: 'dumb: no colors',
  UV_THREADPOOL_SIZE: 'how many threads derive keys and look up names; 4',
  XDG_CACHE_HOME: 'the folder of compiled scenarios',
} as const;

/** The value of a variable of {@link foreignVariables}; an empty value counts as unset. */
export function foreignVariable(name: keyof typeof foreignVariables): string | undefined {
  const given = processEnvironment()[name];
  return given === '' ? undefined : given;
}
