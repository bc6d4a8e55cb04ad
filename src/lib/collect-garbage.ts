import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Collects all garbage of this process at once: some 50 ms for a heap of 100 MB. V8 would do it in its own
 * time; what ten thousand logins have left would stay until then.
 */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}

/**
 * Collections of young objects by the thread that made them. The helper threads wait for each other
 * on cores that other slave processes need: without them a message costs some 15 % less.
 */
export function collectOnOneThread(): void {
  setFlagsFromString('--no-parallel-scavenge');
}
