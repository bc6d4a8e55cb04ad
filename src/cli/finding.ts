/** One line of the doctor's. */
export interface Finding {
  ok: boolean;
  text: string;
  /** What to do about it. */
  remedy?: string | undefined;
}
