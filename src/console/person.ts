import type { Paint } from './paint.ts';
import type { LendScreen } from './watch.ts';

/** One who sits at a shell, here or at the other end of a socket. */
export interface Person {
  /** `anna@pts/3`, where several may be; kept with what they command. */
  readonly name?: string;
  readonly paint: Paint;
  /** Writes above what they are typing. @param text whole lines */
  print(text: string): void;
  /**
   * The same in one step that leaves nothing half done, while typed code runs that Ctrl+C may end.
   * Without it such text is shown when that code has let go.
   */
  printAtOnce?(text: string): void;
  /** Where errors go that no input is waiting for, when not where everything goes. @param text whole lines */
  printError?(text: string): void;
  /** Their whole screen, where they have one. */
  readonly lend?: LendScreen | undefined;
  /** `q()` was typed. */
  leave(): void;
}
