const answers = new WeakSet<object>();

/** Marks a promise as what a command of the shell answers: who types a command means what comes of it. */
export function answer<T>(promise: Promise<T>): Promise<T> {
  answers.add(promise);
  return promise;
}

/** Whether {@link answer} has marked a value. */
export function isAnswer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && answers.has(value);
}
