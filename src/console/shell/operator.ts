import type { Paint } from '../views/paint.ts';
import type { LendScreen } from '../views/watch.ts';

/** An operator at a shell, here or at the other end of a socket. */
export interface Operator {
  /** `anna@pts/3`, where several operators may be attached; recorded with their commands. */
  readonly name?: string;
  readonly paint: Paint;
  /** Writes above what the operator is typing. @param text complete lines */
  print(text: string): void;
  /**
   * The same in one step that cannot be left half done, while typed code runs that Ctrl+C may end.
   * Without this function such text is shown when that code is over.
   */
  printAtOnce?(text: string): void;
  /** Writes errors that no input waits for, if not where everything else goes. @param text complete lines */
  printError?(text: string): void;
  /** Lends the full screen of the operator, where there is one. */
  readonly lend?: LendScreen | undefined;
  /** `q()` was typed. */
  leave(): void;
}
