/** A message for the operators: shown above the prompt. */
export interface Notice {
  level: 'info' | 'warn' | 'error';
  text: string;
}
