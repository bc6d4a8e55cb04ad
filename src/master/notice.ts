/** Something to tell whoever watches: shown above the prompt. */
export interface Notice {
  level: 'info' | 'warn' | 'error';
  text: string;
}
