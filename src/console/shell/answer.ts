const answers = new WeakSet<object>();

/** Marks a promise as the answer of a shell command: an operator who types a command wants its result. */
export function answer<T>(promise: Promise<T>): Promise<T> {
  answers.add(promise);
  return promise;
}

/** Whether {@link answer} has marked a value. */
export function isAnswer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && answers.has(value);
}
