/** One finding of `amoc doctor`. */
export interface Finding {
  ok: boolean;
  text: string;
  /** What to do about it. */
  remedy?: string | undefined;
}
